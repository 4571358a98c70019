"""A sparse posterior of the sources: inducing points for each search space, and weights on them.

It predicts nearly as the exact posterior and holds no accuracy of a source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.beliefs import Beliefs
from edgeprof_predictor.accuracy.exact import ExactSourcePosterior
from edgeprof_predictor.accuracy.features import TaskFeatures
from edgeprof_predictor.accuracy.kernel import covariance
from edgeprof_predictor.accuracy.target import Explained, SourcePosterior
from edgeprof_predictor.accuracy.weight_prior import WeightPrior
from edgeprof_predictor.spaces import CHOICE_TYPE, FloatArray

ANY_SPACE: Final = "any"
"""Name of the weights for search spaces that no source is of."""

INDUCING_COUNT: Final = 256
KEPT_COUNT: Final = 96
"""Eigenvectors of the explained covariance that are kept; the others explain almost nothing."""

STABILITY: Final = 1e-4
"""Variance added to each inducing point, so that their covariance can be inverted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """What the sources of one search space explain, for each of `task_shares`.

    Letters: `s` shares, `u` inducing points, `r` directions.

    Args:
        inducing: Scores and decisions drawn at random; they are no trained networks.
        weights: The product with the covariance of a candidate is its shift.
        directions: The squared product with it is the variance that the sources explain.

    Shapes:
        weights: `s x u`.  directions: `s x u x r`.
    """

    inducing: TaskFeatures
    weights: FloatArray
    directions: FloatArray


class InducedSourcePosterior(SourcePosterior):
    """The posterior of source tasks at inducing points, from which any candidate is predicted.

    Args:
        beliefs: Constants of the method.
        priors: Weights of proxies by the name of the search space; `ANY_SPACE` for all that are not named.
        summaries: By the name of the search space.

    Source:
        Inducing inputs: Quinonero-Candela and Rasmussen, A Unifying View of Sparse Approximate Gaussian Process
        Regression, 2005. Here they hold the exact posterior.
    """

    def __init__(self, beliefs: Beliefs, priors: Mapping[str, WeightPrior], summaries: Mapping[str, Summary]) -> None:
        super().__init__(beliefs)
        self._priors, self._summaries = dict(priors), dict(summaries)

    @classmethod
    def of(
        cls, posterior: ExactSourcePosterior, *, option_counts: Mapping[str, Sequence[int]], seed: int
    ) -> InducedSourcePosterior:
        """Return the sparse form of a posterior, for each search space and for any other.

        Args:
            posterior: Of the sources.
            option_counts: Options of each decision, by the name of the space.
            seed: Draws the inducing points.
        """
        generator = np.random.default_rng(seed)
        priors = {space: posterior.weight_prior(space) for space in (*option_counts, ANY_SPACE)}
        proxy_count = len(priors[ANY_SPACE].mean) // 2
        return cls(
            posterior.beliefs,
            priors,
            {
                space: _summary(posterior, _draw_inducing_points(space, counts, proxy_count, generator))
                for space, counts in option_counts.items()
            },
        )

    def weight_prior(self, space: str) -> WeightPrior:
        """Return the weights that proxies have in the tasks of other spaces."""
        return self._priors[space if space in self._priors else ANY_SPACE]

    def own_space(self, target: TaskFeatures) -> list[Explained]:
        """Return what the sources of the target's space explain, for each of `task_shares`; empty without any."""
        if target.space not in self._summaries:
            return []
        summary = self._summaries[target.space]
        cross = covariance(self.beliefs, self.weight_prior(target.space).covariance, target, summary.inducing)
        return [
            Explained(shift=cross @ weights, rows=(cross @ directions).astype(np.float32))
            for weights, directions in zip(summary.weights, summary.directions, strict=True)
        ]

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        saved: dict[str, NDArray[np.generic]] = {
            f"beliefs.{name}": np.array(value) for name, value in asdict(self.beliefs).items()
        }
        for space, prior in self._priors.items():
            saved[f"mean.{space}"], saved[f"covariance.{space}"] = prior.mean, prior.covariance
        for space, summary in self._summaries.items():
            saved[f"choices.{space}"] = summary.inducing.choices
            saved[f"scores.{space}"] = summary.inducing.scores.astype(np.float32)
            saved[f"smoothed.{space}"] = summary.inducing.smoothed.astype(np.float32)
            saved[f"weights.{space}"] = summary.weights.astype(np.float32)
            saved[f"directions.{space}"] = summary.directions.astype(np.float32)
        return saved

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> InducedSourcePosterior:
        """Return what `tensors` was saved from."""
        parts: dict[str, dict[str, Any]] = {}
        for name, array in tensors.items():
            part, _, rest = name.partition(".")
            parts.setdefault(part, {})[rest] = array if part == "choices" else array.astype(np.float64)
        constants: dict[str, Any] = {
            name: tuple(array.tolist()) if array.ndim else float(array) for name, array in parts["beliefs"].items()
        }
        priors = {
            space: WeightPrior(mean=mean, covariance=parts["covariance"][space])
            for space, mean in parts["mean"].items()
        }
        summaries = {
            space: Summary(
                inducing=TaskFeatures(
                    space=space,
                    choices=choices.astype(CHOICE_TYPE),
                    scores=parts["scores"][space],
                    smoothed=parts["smoothed"][space],
                ),
                weights=parts["weights"][space],
                directions=parts["directions"][space],
            )
            for space, choices in parts["choices"].items()
        }
        return cls(Beliefs(**constants), priors, summaries)


def _draw_inducing_points(
    space: str, option_counts: Sequence[int], proxy_count: int, generator: np.random.Generator
) -> TaskFeatures:
    """Return random networks: normal scores have a standard normal distribution, whatever the proxy."""
    return TaskFeatures(
        space=space,
        choices=generator.integers(0, option_counts, (INDUCING_COUNT, len(option_counts))).astype(CHOICE_TYPE),
        scores=generator.normal(size=(INDUCING_COUNT, proxy_count)),
        smoothed=generator.normal(size=(INDUCING_COUNT, proxy_count)),
    )


def _summary(posterior: ExactSourcePosterior, inducing: TaskFeatures) -> Summary:
    prior = covariance(posterior.beliefs, posterior.weight_prior(inducing.space).covariance, inducing, inducing)
    inverse = np.linalg.inv(prior + STABILITY * np.eye(inducing.count))
    weights, directions = [], []
    for explained in posterior.own_space(inducing):
        rows = explained.rows.astype(np.float64)
        values, vectors = np.linalg.eigh(inverse @ (rows @ rows.T) @ inverse)
        kept = np.argsort(values)[::-1][:KEPT_COUNT]
        weights.append(inverse @ explained.shift)
        directions.append(vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0)))
    return Summary(inducing=inducing, weights=np.stack(weights), directions=np.stack(directions))
