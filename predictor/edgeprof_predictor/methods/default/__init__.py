"""The default method: a Gaussian process with a prior from costs and source platforms, and a distilled network.

Let `t(x)` be the latency of architecture `x` divided by the platform's scale, so that its mean over the search space is
about 1. The model of a new platform (`prior`, `posterior`):

    t(x) = m(x) + f(x) + noise,   f ~ GP(0, K)
    noise variance = (s^2 + (relative standard error)^2) t(x)^2 + (clock step)^2 / 12
    m    = one of: mean of the sources; a cost-based latency; half of each
    K    = 0.06 + 0.3 m m' + sum_j a_j K_j
    K_j  : residuals of the sources (`source_regression`), random linear cost models (`random_cost_models`),
           whole costs, costs of each stage, cut graphs, counts of operations, decisions and their pairs

In the noise, `t(x)` is the predicted latency, or the measured one where that is larger: by the measured one alone, a
spuriously fast sample would seem most precise.
For what is measured on a device, `x` is the pruned architecture, as exported networks are; for published tables both
graphs are described, since some platforms timed dead branches (`Prior.runs_pruned`). Operations are counted for devices
alone (`Prior.counts_operations`): an engine may run one kind of them far less well than its costs tell.

The hyper-parameters `h = (m, a_1 ... a_j, s)` are not optimised but sampled (`hyperparameter_samples`): 4000 draws
from broad ranges, each with the weight

    w(h) ~ p(samples | h) * plausibility(h) * p(h)

`p(samples | h)` is the marginal likelihood with outliers admitted (`outliers`). The plausibility falls where
predictions correlate with costs below 0.6. `p(h)` is half uniform, half learned: each family of similar sources
(`platform_families`) is left out, and the marginal likelihood of some of its latencies weighs `h` (`hyperprior`); the
cost-based latency is the mean with probability 0.5.
48 resampled `h` predict; the prediction has the mean and the variance of their mixture. In a search they are weighed
again by further samples, and moved by Metropolis steps once few of them have the weight (`Posterior.joined`).

Three samples are chosen before the first measurement, then one at a time (`informative_design`): the candidate `x` that
maximises

    sum_y cov(x, y)^2 / (var(x) + noise)   over typical architectures `y`, without the part common to all `y`

Intervals are 1.645 standard deviations of log latency to either side, times a factor >= 1: the root mean square over
left-out families of the factor that would hold 90 % of their latencies (`source_checks`, `calibration`). The expected
error is the median deviation; its own interval comes from the ratio of measured to expected error on left-out families,
by Student's t with a weight on broad deviations. `error_diagnosis` reports what keeps it above a wanted error.

As in the paper, a network starts from the embedding row of the best-correlated source and is fine-tuned (`method`),
here on the samples and on predictions of the model (distillation). It is mixed into the log latency with the weight
`0.2 * u / (u + e)`: `u` the variance of the model, `e` the squared distance of the network from it.
"""
