"""Choose the architectures whose measurement lowers the variance of all predictions most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.posterior import RELATIVE_FLOOR, Posterior
from edgeprof_predictor.methods.default.prior import AMPLITUDES, OFFSET_VARIANCE, SCALE_VARIANCE, Basis, Prior
from edgeprof_predictor.samplers.random_sampler import choose_random
from edgeprof_predictor.samplers.variance_design import choose_by_variance
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray

TYPICAL_COUNT: Final = 250
"""Candidates drawn at random; the variance that a sample lowers is summed over them."""

EXTREME_COUNT: Final = 200
"""Further candidates, those that differ most from each other: a network with hardly any other operation tells the cost
of one best, and few of those are drawn at random."""

SEARCHED_COUNT: Final = 5000
"""Candidates among which the extremes are found; of more a random subset is taken."""

ASSUMED_NOISE: Final = 0.01
"""Relative variance of a measurement (10 %) assumed for the choice, whatever noise was seen so far: on a platform
without noise it costs little accuracy, while too small a value costs much on a noisy one."""

CONSIDERED_COUNT: Final = 16
"""Hyper-parameter samples of the posterior over which the gain is averaged."""

RANDOM_INTERVAL: Final = 5
"""On a device every so many samples one is drawn at random."""

NEGLIGIBLE_VARIANCE: Final = 1e-8
"""Relative variance below which no further extreme is searched."""

FIRST_ROUND_COUNT: Final = 3
"""Samples of a table chosen before anything is measured: one or two would mislead the choice of the next."""

REMAINING_COUNT: Final = 200
"""Candidates over which the effect of further samples is estimated."""


@dataclass(frozen=True, slots=True, eq=False)
class Informative:
    """Takes the architecture that lowers the variance of all others most, given what is measured.

    Cells whose input does not reach their output come last: they are of no use. On a device, where graphs are pruned,
    samples follow one by one, and not all are the most informative ones, which are the largest and the smallest of
    their kind. The first is a typical network: the fastest are changed most by contention and overheads, and tell the
    scale of all others badly. Each fifth is drawn at random: where an engine follows no additive model, extremes alone
    shift the prediction of all that lies between them. With two of ten samples so drawn the median error of ncnn fell
    from 12.6 and 10.6 % to 6.1 and 5.7 % in two onboardings; in three of other engines it stayed (3.8, 1.5, 5.6 to
    3.6, 2.1, 5.8 %).

    Args:
        prior: Of the search space and its sources.
        hyper_samples: Drawn for that prior.
    """

    prior: Prior
    hyper_samples: HyperparameterSamples

    def __call__(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return distinct indices of candidates, most informative first: `count`."""
        posterior = Posterior.infer(self.prior, self.hyper_samples, measured)
        return self.choose(posterior, candidates, count, seed=seed)

    def choose(
        self, posterior: Posterior, candidates: ChoiceArray, count: int, *, seed: int, described: Basis | None = None
    ) -> NDArray[np.int64]:
        """Return the same, where the posterior given what is measured is known.

        Args:
            posterior: Of the prior and the hyper-parameter samples.
            candidates: Architectures to choose from.
            count: How many.
            seed: Of random choices.
            described: Basis of the candidates; None where it is not known.
        """
        is_connected = self.prior.feature_map.space.is_connected(candidates)
        eligible = np.flatnonzero(is_connected) if is_connected.sum() >= count else np.arange(len(candidates))
        eligible = eligible[choose_random(len(eligible), min(SEARCHED_COUNT, len(eligible)), seed=seed)]
        basis = self.prior.basis(candidates[eligible]) if described is None else described[eligible]
        typical_count = min(max(TYPICAL_COUNT, count), len(eligible))
        extremes = find_extremes(basis, EXTREME_COUNT)
        pool = np.concatenate([np.arange(typical_count), extremes[extremes >= typical_count]])
        measured_count = posterior.samples.count
        first = self._fixed(basis[:typical_count], measured_count) if self.prior.runs_pruned else None
        chosen = choose_informative(posterior, basis[pool], count, typical_count=typical_count, first=first)
        indices: NDArray[np.int64] = eligible[pool[chosen]]
        return indices

    def _fixed(self, typical: Basis, sample_count: int) -> int | None:
        """Return which of some candidates in random order comes next whatever its gain; None where none does."""
        if sample_count == 0:
            return int(np.argsort(typical.means[:, self.prior.unsampled_mean])[len(typical.means) // 2])
        return 0 if sample_count % RANDOM_INTERVAL == RANDOM_INTERVAL - 1 else None

    def next_round(self, sample_count: int, wanted_count: int) -> int:
        """Return how many samples to choose at once: a few before anything is known, then one at a time."""
        is_one_by_one = sample_count > 0 or self.prior.runs_pruned
        return min(1 if is_one_by_one else FIRST_ROUND_COUNT, wanted_count - sample_count)


def find_extremes(candidates: Basis, count: int) -> NDArray[np.int64]:
    """Return the candidates with the largest prior variance given those chosen before.

    A pivoted Cholesky factorisation of the prior's covariance, all kernels at the middle of their range.

    Shapes:
        returns: `count` at most, distinct; fewer where no variance is left.
    """
    means = np.maximum(candidates.means.mean(axis=1, keepdims=True), RELATIVE_FLOOR)
    parts = [np.sqrt(np.sqrt(np.prod(AMPLITUDES[name]))) * factor for name, factor in candidates.factors.items()]
    offset, scale = np.full_like(means, np.sqrt(OFFSET_VARIANCE)), np.sqrt(SCALE_VARIANCE) * means
    features = np.concatenate([*parts, offset, scale], axis=1) / means
    variance = (features**2).sum(axis=1)
    columns = np.zeros((len(features), min(count, len(features))))
    chosen: list[int] = []
    while len(chosen) < columns.shape[1] and variance.max() > NEGLIGIBLE_VARIANCE:
        index, before = int(variance.argmax()), columns[:, : len(chosen)]
        column = (features @ features[index] - before @ before[index]) / np.sqrt(variance[index])
        columns[:, len(chosen)] = column
        variance = np.maximum(variance - column**2, 0.0)
        variance[index] = 0.0
        chosen.append(index)
    return np.array(chosen, dtype=np.int64)


def choose_informative(
    posterior: Posterior, candidates: Basis, count: int, *, typical_count: int | None = None, first: int | None = None
) -> NDArray[np.int64]:
    """Return distinct indices of candidates, each with the largest gain after those before: `count`.

    The variance that all candidates have in common, that of the scale, is left out.

    Args:
        posterior: What is known now.
        candidates: Architectures to choose from.
        count: How many.
        typical_count: The first so many candidates stand for the space; all where not given.
        first: The candidate that comes first whatever its gain, if any.

    Raises:
        SampleCountError: If there are fewer candidates than asked for.
    """
    if first is not None and count == 1:
        return np.array([first], dtype=np.int64)
    covariance, means, _ = posterior.covariance(candidates, CONSIDERED_COUNT)
    level, noise = means[:, :typical_count], ASSUMED_NOISE * means**2
    chosen, _ = choose_by_variance(covariance, noise, count, typical_count=typical_count, level=level, first=first)
    return chosen


def remaining_variance(posterior: Posterior, candidates: Basis, count: int) -> float:
    """Return the share of the relative variance that is left after the best next samples.

    Args:
        posterior: What is known now.
        candidates: Architectures to choose from; the variance is theirs.
        count: Further samples.

    Shapes:
        returns: In (0, 1], measurement noise included, which no sample lowers.
    """
    before, means, noise = posterior.covariance(candidates, CONSIDERED_COUNT)
    of_samples = noise[:, None] * means**2
    _, after = choose_by_variance(before, of_samples, min(count, len(candidates)), level=means)
    # The median: a hyper-parameter sample with much noise would dominate a mean.
    left = [(np.maximum(np.einsum("hii->hi", one), 0.0) / means**2).mean(axis=1) + noise for one in (before, after)]
    return float(np.median(left[1] / left[0]))
