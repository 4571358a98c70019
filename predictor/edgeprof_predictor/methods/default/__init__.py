"""The default method: a Gaussian process with a prior from costs and source platforms, and a distilled network.

`docs/methods.md` has the method on half a page with its formulas; here is where each of them is computed. Latencies are
relative: divided by the platform's scale, so that their mean over the search space is about 1.

- `prior`: the means `m`, the kernels `K_j` and what they are computed from; `random_cost_models` gives both without any
  platform's data.
- `hyperparameter_samples`: draws of `h = (m, a_1 ... a_j, s)`, the covariance under each, and their moves.
- `hyperprior`: `p(h)`, learned by leaving out families of sources.
- `posterior`: the model given samples: `w(h)`, outliers among the samples, predictions as mean and variance of the
  mixture over `h`, more samples.
- `informative_design`: the choice of samples, and what further ones would gain.
- `calibration`: leaves out families of sources and corrects widths of intervals and ranges of expected errors.
- `distillation`: the paper's network, fine-tuned on samples and on predictions of the model, and its weight.
- `method` joins them; `predictor` is what remains of a platform, and is saved; `own_platforms` makes sources of it.
"""
