"""A sparse posterior of the sources: inducing points for each search space, and weights on them.

It predicts nearly as the exact posterior and holds no accuracy of a source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.features import TaskFeatures
from edgeprof_predictor.accuracy.kernel import Pairs, Scales, covariance
from edgeprof_predictor.accuracy.target import ExactSourcePosterior, SourcePosterior, TargetPosterior
from edgeprof_predictor.spaces import CHOICE_TYPE, FloatArray

ANY_SPACE: Final = "any"
"""Name of the inducing points for search spaces that no source is of."""

INDUCING_COUNT: Final = 256
KEPT_COUNT: Final = 96
"""Eigenvectors of the explained covariance that are kept; the others explain almost nothing."""

STABILITY: Final = 1e-4
"""Variance added to each inducing point, so that their covariance can be inverted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """The sparse posterior for one search space.

    Letters: `u` inducing points, `r` directions.

    Args:
        inducing: Scores and decisions drawn at random; they are no trained networks.
        weights: The product with the covariance of a candidate is its mean.
        directions: The squared product with it is the variance that the sources explain.

    Shapes:
        weights: `u`.  directions: `u x r`.
    """

    inducing: TaskFeatures
    weights: FloatArray
    directions: FloatArray


class InducedSourcePosterior(SourcePosterior):
    """The posterior of source tasks at inducing points, from which any candidate is predicted.

    Args:
        scales: Of the kernels.
        summaries: By the name of the search space; `ANY_SPACE` for all that are not named.

    Source:
        Inducing inputs: Quinonero-Candela and Rasmussen, A Unifying View of Sparse Approximate Gaussian Process
        Regression, 2005. Here they hold the exact posterior.
    """

    def __init__(self, scales: Scales, summaries: Mapping[str, Summary]) -> None:
        self.scales = scales
        self._summaries = dict(summaries)

    @classmethod
    def of(
        cls, posterior: ExactSourcePosterior, *, proxy_count: int, option_counts: Mapping[str, Sequence[int]], seed: int
    ) -> InducedSourcePosterior:
        """Return the sparse form of a posterior, for each search space and for any other.

        Args:
            posterior: Of the sources.
            proxy_count: Proxies that the sources' features have.
            option_counts: Options of each decision, by the name of the space.
            seed: Draws the inducing points.
        """
        generator = np.random.default_rng(seed)
        spaces = {**option_counts, ANY_SPACE: (2,)}
        return cls(
            posterior.scales,
            {
                space: _summary(posterior, _draw_inducing_points(space, counts, proxy_count, generator))
                for space, counts in spaces.items()
            },
        )

    def at(self, target: TaskFeatures) -> TargetPosterior:
        """Return the posterior of the target's candidates given all sources."""
        return self._posterior(target, target.space if target.space in self._summaries else ANY_SPACE)

    def without_own_space(self, target: TaskFeatures) -> TargetPosterior | None:
        """Return the posterior by the part that all spaces share; None where no source is of the target's space."""
        return self._posterior(target, ANY_SPACE) if target.space in self._summaries else None

    def _posterior(self, target: TaskFeatures, space: str) -> TargetPosterior:
        summary = self._summaries[space]
        cross = covariance(self.scales, Pairs.of([target], [summary.inducing]))
        explained = (cross @ summary.directions).astype(np.float32)
        return TargetPosterior(self.scales, target, cross @ summary.weights, explained)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        saved: dict[str, NDArray[np.generic]] = {
            f"scales.{name}": np.array(value) for name, value in self.scales.values.items()
        }
        for space, summary in self._summaries.items():
            saved[f"space.{space}.choices"] = summary.inducing.choices
            for name, array in (
                ("scores", summary.inducing.scores),
                ("weights", summary.weights),
                ("directions", summary.directions),
            ):
                saved[f"space.{space}.{name}"] = array.astype(np.float32)
        return saved

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[np.generic]]) -> InducedSourcePosterior:
        """Return what `tensors` was saved from."""
        scales = {
            name.removeprefix("scales."): float(array) for name, array in tensors.items() if name.startswith("scales.")
        }
        summaries = {}
        for space in _spaces(tensors):
            scores, weights, directions = (
                tensors[f"space.{space}.{name}"].astype(np.float64) for name in ("scores", "weights", "directions")
            )
            choices = tensors[f"space.{space}.choices"].astype(CHOICE_TYPE)
            inducing = TaskFeatures(task="inducing points", space=space, choices=choices, scores=scores)
            summaries[space] = Summary(inducing=inducing, weights=weights, directions=directions)
        return cls(Scales(scales), summaries)


def _spaces(names: Iterable[str]) -> list[str]:
    return sorted({name.split(".")[1] for name in names if name.startswith("space.")})


def _draw_inducing_points(
    space: str, option_counts: Sequence[int], proxy_count: int, generator: np.random.Generator
) -> TaskFeatures:
    """Return random networks: normal scores have a standard normal distribution, whatever the proxy."""
    return TaskFeatures(
        task="inducing points",
        space=space,
        choices=generator.integers(0, option_counts, (INDUCING_COUNT, len(option_counts))).astype(CHOICE_TYPE),
        scores=generator.normal(size=(INDUCING_COUNT, proxy_count)),
    )


def _summary(posterior: ExactSourcePosterior, inducing: TaskFeatures) -> Summary:
    at_inducing = posterior.at(inducing)
    # Another task, so that what belongs to a task alone does not count.
    prior = covariance(posterior.scales, Pairs.of([inducing], [replace(inducing, task="another")]))
    inverse = np.linalg.inv(prior + STABILITY * np.eye(inducing.count))
    explained = inverse @ at_inducing.explained @ inverse
    values, vectors = np.linalg.eigh((explained + explained.T) / 2.0)
    kept = np.argsort(values)[::-1][:KEPT_COUNT]
    directions: FloatArray = vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0))
    return Summary(inducing=inducing, weights=inverse @ at_inducing.mean, directions=directions)
