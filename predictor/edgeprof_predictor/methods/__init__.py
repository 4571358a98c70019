"""Latency predictors behind the interface of `base`.

`registry` knows them by name and `sampler_registry` the samplers. `default` holds the default method, `multi_predict`
the method of the paper, `baselines` the methods to compare with.
"""
