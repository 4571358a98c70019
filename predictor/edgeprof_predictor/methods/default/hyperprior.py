"""Learn from the sources how likely each hyper-parameter sample is before a new platform is measured.

Each source is treated as a new platform: its family is left out of the prior, some of its latencies are drawn, and
their marginal likelihood is computed for every hyper-parameter sample. Expectation maximisation finds the weights under
which all sources are most likely. They are half of the prior; the other half is uniform, since a new platform may be
unlike all sources. For the same reason the cost-based mean has half of the prior, whatever the sources say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.default.hyperparameter_samples import NOISE_RANGE, HyperparameterSamples
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.platform_families import left_out_families
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

LEARNED_SHARE: Final = 0.5
"""Share of the prior that is learned from the sources; the rest is uniform."""

COST_BASED_SHARE: Final = 0.5
"""Prior probability that the mean latency is the cost-based one.

80 networks of NAS-Bench-201 in ONNX Runtime on one thread of one machine, the first sample a typical network: with 3
samples the median error falls from 10.9 to 7.0 %, with 3 random ones from 15 to 10 %, with 10 it stays at 2.6 %; 40
networks of FBNet: 3.2 and 3.0 % with 3."""

DRAWN_LATENCY_COUNT: Final = 8
"""Latencies of a source drawn at once: about as many as an onboarding measures."""

DRAW_COUNT: Final = 6
"""Draws for each source."""

STEP_COUNT: Final = 3
"""Steps of expectation maximisation. More concentrate the weight on ever fewer samples, which fit the sources alone."""

NOISE_BIN_COUNT: Final = 8
"""Bins of the noise. Weights are learned within a bin only: the noise of the sources does not predict that of the next
platform."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginalLikelihoods:
    """Leave-one-platform-out marginal likelihoods of the hyper-parameter samples.

    Letters: `e` draws, `h` hyper-parameter samples.

    Args:
        hyper_samples: As they were drawn.
        cost_based_mean: Index of the cost-based mean; None where the space knows no costs.

    Shapes:
        log_likelihood: `e x h`, at most 0, the largest of a draw at 0.  platforms: `e`.
        shares: `e`, each family alike; where all sources are trusted they sum to 1.
    """

    hyper_samples: HyperparameterSamples
    log_likelihood: FloatArray
    platforms: NDArray[np.str_]
    shares: FloatArray
    cost_based_mean: int | None

    @classmethod
    def compute(
        cls, prior: Prior, hyper_samples: HyperparameterSamples, sources: LatencyTable, *, seed: int
    ) -> MarginalLikelihoods:
        """Compute the marginal likelihood of latencies of each source under a prior without its family.

        A source counts by the trust in it.

        Args:
            prior: Knows all sources.
            hyper_samples: Drawn for that prior.
            sources: Latencies of the sources.
            seed: Of the architectures drawn.
        """
        trust = dict(zip(prior.sources.platforms, prior.sources.trusts.tolist(), strict=True))
        generator = np.random.default_rng(seed)
        connected = np.flatnonzero(prior.feature_map.space.is_connected(sources.choices))
        count = min(DRAWN_LATENCY_COUNT, len(connected))
        rows, platforms, shares = [], [], []
        found = left_out_families(sources)
        for family in found:
            rest = prior.without(family)
            for platform in np.repeat(family, DRAW_COUNT).tolist():
                drawn = generator.choice(connected, count, replace=False)
                samples = Samples.of(sources.choices[drawn], sources.latencies_of(platform)[drawn])
                log_likelihood = Posterior(rest, hyper_samples, samples).log_likelihood
                rows.append(log_likelihood - log_likelihood.max())
                platforms.append(platform)
                shares.append(trust[platform] / (len(found) * len(family) * DRAW_COUNT))
        return cls(
            hyper_samples=hyper_samples,
            log_likelihood=np.array(rows).reshape(len(rows), len(hyper_samples)),
            platforms=np.array(platforms, dtype=np.str_),
            shares=np.array(shares),
            cost_based_mean=None if prior.cost_models is None else prior.unsampled_mean,
        )

    def weighed(self, *, without: Sequence[str] = ()) -> HyperparameterSamples:
        """Return the hyper-parameter samples with the learned prior.

        Args:
            without: Sources whose likelihoods do not count.
        """
        counts = ~np.isin(self.platforms, without)
        weights = np.full(len(self.hyper_samples), 1.0 / len(self.hyper_samples))
        if counts.any():
            learned = _learned(np.exp(self.log_likelihood[counts]), self.shares[counts], self.hyper_samples.noise)
            weights = (1.0 - LEARNED_SHARE) * weights + LEARNED_SHARE * learned
        weighed = replace(self.hyper_samples, log_prior=np.log(weights))
        if self.cost_based_mean is None:
            return weighed
        return weighed.with_mean_share(self.cost_based_mean, COST_BASED_SHARE)


def _learned(likelihood: FloatArray, shares: FloatArray, noise: FloatArray) -> FloatArray:
    """Return weights under which all draws are most likely, as much in each bin of the noise: `e x h` to `h`."""
    weights = np.full(len(noise), 1.0 / len(noise))
    for _ in range(STEP_COUNT):
        responsibility = likelihood * weights
        responsibility /= responsibility.sum(axis=1, keepdims=True)
        weights = shares @ responsibility / shares.sum()
    position = np.log(noise / NOISE_RANGE[0]) / np.log(NOISE_RANGE[1] / NOISE_RANGE[0])
    bins = np.clip((position * NOISE_BIN_COUNT).astype(np.int64), 0, NOISE_BIN_COUNT - 1)
    weights = weights / np.maximum(np.bincount(bins, weights, NOISE_BIN_COUNT)[bins], 1e-12)
    normalised: FloatArray = weights / weights.sum()
    return normalised
