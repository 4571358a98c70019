"""Learn from the sources which combinations of the probabilistic model to expect.

Each source is taken for a new platform: its family is left out, a few of its latencies are shown,
and every combination is weighed by how well it explains them. The weights that explain all sources
best are half of what is expected of the next platform. The other half stays as broad as it was,
since the next platform may be like none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.default.hyperparameter_samples import NOISE_RANGE, HyperparameterSamples
from edgeprof_predictor.methods.default.platform_families import families
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

LEARNED_SHARE: Final = 0.5
"""Of the probability, the part that sources decide."""

SHOWN_COUNT: Final = 8
"""Latencies of a source shown at once: about as many as an onboarding measures."""

DRAW_COUNT: Final = 6
"""Times that other latencies of a source are shown."""

STEP_COUNT: Final = 3
"""Steps of expectation maximisation. More settle on ever fewer combinations, which fit the sources
and nothing else."""

NOISE_BIN_COUNT: Final = 8
"""Bins of the noise, within which alone weights are learnt: quiet sources cannot tell how noisy the
next platform is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginalLikelihoods:
    """How well each combination explains each source.

    Letters: `e` showings, `h` combinations.

    Shapes:
        log_likelihood: `e x h`, at most 0, the best of a showing at 0.  platforms: `e`.
        shares: `e`, each family alike; they sum to 1.
    """

    log_likelihood: FloatArray
    platforms: NDArray[np.str_]
    shares: FloatArray

    @classmethod
    def compute(
        cls, prior: Prior, hyper_samples: HyperparameterSamples, sources: LatencyTable, *, seed: int
    ) -> MarginalLikelihoods:
        """Show latencies of each source to a prior that does not know its family.

        Args:
            prior: Knows all sources.
            hyper_samples: Drawn for that prior.
            sources: Latencies of the sources.
            seed: Of the architectures shown.
        """
        generator = np.random.default_rng(seed)
        connected = np.flatnonzero(prior.feature_map.space.is_connected(sources.choices))
        count = min(SHOWN_COUNT, len(connected))
        rows, platforms, shares = [], [], []
        found = families(sources)
        for family in found:
            rest = prior.without(family)
            for platform in family:
                for _ in range(DRAW_COUNT):
                    shown = generator.choice(connected, count, replace=False)
                    samples = Samples.of(sources.choices[shown], sources.latencies_of(platform)[shown])
                    log_likelihood = Posterior(rest, hyper_samples, samples).log_likelihood
                    rows.append(log_likelihood - log_likelihood.max())
                    platforms.append(platform)
                    shares.append(1.0 / (len(found) * len(family) * DRAW_COUNT))
        return cls(log_likelihood=np.stack(rows), platforms=np.array(platforms), shares=np.array(shares))

    def weigh(self, hyper_samples: HyperparameterSamples, *, without: Sequence[str] = ()) -> HyperparameterSamples:
        """Return the combinations with what sources make of them.

        Args:
            hyper_samples: Those that the likelihoods was gathered for.
            without: Sources whose likelihoods does not count.
        """
        counts = ~np.isin(self.platforms, without)
        likelihood, shares = np.exp(self.log_likelihood[counts]), self.shares[counts]
        learned = np.full(len(hyper_samples), 1.0 / len(hyper_samples))
        for _ in range(STEP_COUNT if len(shares) else 0):
            responsibility = likelihood * learned
            responsibility /= responsibility.sum(axis=1, keepdims=True)
            learned = shares @ responsibility / shares.sum()
        position = np.log(hyper_samples.noise / NOISE_RANGE[0]) / np.log(NOISE_RANGE[1] / NOISE_RANGE[0])
        bins = np.clip((position * NOISE_BIN_COUNT).astype(np.int64), 0, NOISE_BIN_COUNT - 1)
        learned /= np.maximum(np.bincount(bins, learned, NOISE_BIN_COUNT)[bins], 1e-12)
        weights = (1.0 - LEARNED_SHARE) / len(hyper_samples) + LEARNED_SHARE * learned / learned.sum()
        return replace(hyper_samples, log_prior=np.log(weights))
