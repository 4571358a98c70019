"""Latency of models that belong to no search space: a device's operators are measured, and models predicted from them.

`graphs` translates what an agent tells of a model, `measured` makes networks of measurements, `probe_files` writes the
probe suite, `procedure` measures it and the user's models, and `api` has the public calls.
"""
