"""The default transfer between search spaces: a Gaussian process averaged over a grid of hyper-parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.methods.platform_families import families
from edgeprof_predictor.samplers.variance_design import choose_by_variance
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray
from edgeprof_predictor.transfer.base import TransferMethod, TransferPredictor
from edgeprof_predictor.transfer.columns import TargetColumns
from edgeprof_predictor.transfer.hyperparameter_grid import OFFSET_VARIANCE, HyperparameterGrid, learned_log_prior
from edgeprof_predictor.transfer.task import TransferTask
from edgeprof_predictor.transfer.weights import centred_log, prior_weights, source_weights

CANDIDATE_COUNT: Final = 400
"""Architectures of the pool that samples are chosen from, and that stand for the space."""

LEFT_OUT_SAMPLE_COUNT: Final = 24
"""Latencies of each left-out reference platform, by which the grid is weighed."""

NEAR: Final = 0.5
"""Length, in natural logarithms of the variance left on the source, over which the posterior of one platform counts for
another."""

KEPT_COUNT: Final = 60
"""Points of the grid that predict, the likeliest ones."""

LEVEL_VARIANCE: Final = 100.0
"""Variance of the level of a platform, which is not known, by the mean variance of latencies around it."""


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Architectures of the target space, described.

    Shapes:
        means: `n x MEANS`.  groups: `n x d` each.
    """

    means: FloatArray
    groups: tuple[FloatArray, ...]

    def grams(self, other: Described) -> FloatArray:
        """Return what two sets of architectures have in common, group by group: `g x n x k`."""
        return np.stack([mine @ theirs.T for mine, theirs in zip(self.groups, other.groups, strict=True)])


class DefaultTransfer(TransferMethod):
    """A Gaussian process over latencies elsewhere, decisions and costs, averaged over a grid of hyper-parameters.

    Log latency is a mean (the references weighed as on the source space, equally, half of each, or not at all, which
    is to start from scratch), plus a linear kernel over each group of columns, plus noise. The prior of the
    grid is learned from the reference platforms: each is left out, alone and with its family; those count most that
    the source space explains as well as the new platform. Samples weigh the grid again. Of the new platform's
    latencies on the target space, only its samples are used.

    Args:
        task: What is known.
        seed: Of the candidates and of the latencies of left-out platforms.

    Source:
        HWL is Multi-Predict's, section 3.2; the rest is ours. Samples by greedy lowering of posterior variance.
    """

    name: ClassVar[str] = "default"

    def __init__(self, task: TransferTask, *, seed: int) -> None:
        super().__init__(task, seed=seed)
        self.columns = TargetColumns(task.target_space, task.references, task.pool)
        self.scale = self.columns.log_sd
        on_source = centred_log(task.source.select(task.references.platforms))
        platform = centred_log(task.source.select([task.platform]))[:, 0]
        from_source, self._left = source_weights(on_source, platform)
        self._weights = prior_weights(from_source)
        generator = np.random.default_rng(seed)
        self._candidates = generator.permutation(len(task.pool))[:CANDIDATE_COUNT]
        self._described = self.describe(task.pool[self._candidates])
        names = ("hwl", *(group for group in self.columns.described(task.pool[:1])))
        self.grid = HyperparameterGrid.of(names)
        self.log_prior = self._learn(on_source, generator)

    def describe(self, choices: ChoiceArray) -> Described:
        """Return the columns of architectures: `n x l`."""
        on_references = self.columns.log_latency(choices) / self.scale
        hwl = on_references / np.sqrt(on_references.shape[1])
        return Described(on_references @ self._weights, (hwl, *self.columns.described(choices).values()))

    def choose_samples(self, count: int) -> NDArray[np.int64]:
        """Return rows of the pool, by how much each lowers the variance of all; no latency is needed."""
        self.check_count(min(count, len(self._candidates)))
        self.check_count(count)
        prior = np.exp(self.log_prior)
        sizes = prior @ self.grid.sizes
        noise = float(np.exp(prior @ np.log(self.grid.noises)))
        covariance = np.tensordot(sizes, self._described.grams(self._described), 1)
        total = len(self._candidates)
        covariance += LEVEL_VARIANCE * covariance.diagonal().mean()
        order, _ = choose_by_variance(
            covariance[None], np.full((1, total), noise), min(count, total), level=np.ones((1, total))
        )
        chosen = self._candidates[order]
        rest = np.setdiff1d(np.arange(len(self.task.pool)), chosen)[: count - len(chosen)]
        return np.concatenate([chosen, rest]).astype(np.int64)

    def adapt(self, samples: Samples) -> DefaultTransferPredictor:
        """Weigh the grid by the samples."""
        return DefaultTransferPredictor(self, samples)

    def _learn(self, on_source: FloatArray, generator: np.random.Generator) -> FloatArray:
        """Return the log prior of the grid from left-out reference platforms."""
        references = self.task.references.platforms
        drawn = generator.permutation(len(self._candidates))[:LEFT_OUT_SAMPLE_COUNT]
        log_latency = self.columns.log_latency(self.task.pool[self._candidates[drawn]])
        plain = self._described.grams(self._described)[1:, drawn][:, :, drawn]
        families_of = {name: family for family in families(self.task.source.select(references)) for name in family}
        log_likelihoods, left = [], []
        for index, name in enumerate(references):
            without = [
                [place for place, other in enumerate(references) if other not in group]
                for group in ((name,), families_of[name])
            ]
            for kept in without[: 1 if without[0] == without[1] else 2]:
                if not kept:
                    continue
                from_source, variance_left = source_weights(on_source[:, kept], on_source[:, index])
                log_likelihoods.append(
                    self._log_marginal_likelihood(log_latency[:, kept], log_latency[:, index], from_source, plain)
                )
                left.append(variance_left)
        count = len(self.grid.noises)
        distance = np.log(np.array(left)) - np.log(self._left)
        return learned_log_prior(
            np.array(log_likelihoods).reshape(len(left), count), np.exp(-0.5 * (distance / NEAR) ** 2) + 1e-9
        )

    def _log_marginal_likelihood(
        self, columns: FloatArray, target: FloatArray, from_source: FloatArray, plain: FloatArray
    ) -> FloatArray:
        scaled = columns / self.scale
        grams = np.concatenate([(scaled @ scaled.T / scaled.shape[1])[None], plain])
        residuals = (target / self.scale)[None] - (scaled @ prior_weights(from_source)).T
        covariance = self.grid.covariance(grams, np.zeros(len(target)))
        return self.grid.log_marginal_likelihood(covariance, residuals)


class DefaultTransferPredictor(TransferPredictor):
    """The grid, weighed by samples.

    Args:
        method: The fitted method.
        samples: What was measured on the target space.
    """

    def __init__(self, method: DefaultTransfer, samples: Samples) -> None:
        self._method = method
        self._samples = samples
        self._known = method.describe(samples.choices)
        scale = method.scale
        log_latency = np.log(samples.latency_ms)
        self._offset = float(log_latency.mean()) if samples.count else 0.0
        tick = samples.resolution_ms / np.sqrt(12.0) / samples.latency_ms
        extra = (samples.relative_sd**2 + tick**2) / scale**2
        residuals = ((log_latency - self._offset) / scale)[None] - self._known.means.T
        covariance = method.grid.covariance(self._known.grams(self._known), extra)
        log_weight = method.grid.log_marginal_likelihood(covariance, residuals) + method.log_prior
        weight = np.exp(log_weight - logsumexp(log_weight))
        kept = np.argsort(-weight)[:KEPT_COUNT]
        self.grid = method.grid.subset(kept)
        self.weight = weight[kept] / weight[kept].sum()
        self._inverse = np.linalg.inv(covariance[kept])
        self._solved = np.einsum("ckj,cj->ck", self._inverse, residuals[self.grid.means])

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies with 90 % intervals."""
        method, scale = self._method, self._method.scale
        described = method.describe(choices)
        grams = described.grams(self._known)
        own = np.stack([np.sum(columns**2, axis=1) for columns in described.groups])
        mean, square = np.zeros(len(choices)), np.zeros(len(choices))
        for row, weight in enumerate(self.weight):
            mixed = self.grid
            across = np.tensordot(mixed.sizes[row], grams, 1) + OFFSET_VARIANCE
            found = described.means[:, mixed.means[row]] + across @ self._solved[row]
            explained = np.sum(across * (across @ self._inverse[row]), axis=1)
            left = mixed.sizes[row] @ own + OFFSET_VARIANCE - explained
            is_known = 1.0 if self._samples.count else 0.0
            left = left - (1.0 - is_known) * OFFSET_VARIANCE
            mean += weight * found
            square += weight * (found**2 + left.clip(min=0.0) + mixed.noises[row])
        log_sd = np.sqrt((square - mean**2).clip(min=1e-12)) * scale
        latency_ms = np.exp(self._offset + mean * scale)
        return Prediction.lognormal(latency_ms, log_sd, is_relative=self._samples.count == 0)
