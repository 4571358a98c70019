"""Score accuracy predictors on a target task: what is chosen and trained there, and how well the rest is predicted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from edgeprof_predictor import metrics
from edgeprof_predictor.accuracy.base import AccuracyMethod, AccuracyPredictor
from edgeprof_predictor.accuracy.task import AccuracyTask, Trained
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.runs.journal import Row
from edgeprof_predictor.runs.runner import Unit

NO_SOURCE: Final = "none"
"""Source of a method that learns from the target alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyScore:
    """One method on one target with one number of samples and one seed.

    Args:
        source: Names of the source tasks, joined by `+`; `none` for a method from scratch.
        target: Name of the target task.
        encoding: What the method reads of an architecture.
        method: Its name.
        seed: Of all chance.
        sample_count: Networks trained on the target.
        spearman: Over every architecture that was not trained, ties averaged.
        kendall_tau: Tau-b over the same.
        interval_coverage: Share of accuracies inside their 90 % interval; None while values only rank.
        warning: Why the method may be wrong on this target; None where it has no warning.
    """

    source: str
    target: str
    encoding: str
    method: str
    seed: int
    sample_count: int
    spearman: float
    kendall_tau: float
    interval_coverage: float | None
    warning: str | None

    def as_row(self) -> Row:
        """Return the score as JSON takes it."""
        return asdict(self)

    @classmethod
    def from_row(cls, row: Row) -> AccuracyScore:
        """Return what `as_row` made."""
        return cls(**row)


def accuracy_units(
    sources: Sequence[AccuracyTask],
    targets: Sequence[AccuracyTask],
    *,
    methods: Sequence[type[AccuracyMethod]],
    sample_counts: Sequence[int],
    seeds: Sequence[int],
) -> list[Unit]:
    """Return an evaluation as independent units, each a fitted method; their rows are those of `AccuracyScore`.

    Args:
        sources: Source tasks; a method that moves from one is fitted on each of them.
        targets: None of the sources.
        methods: To compare.
        sample_counts: Networks trained on a target.
        seeds: Of all chance.

    Raises:
        TableError: If a target is too small for the sample counts, or a method needs a source and there is none.
    """
    needed = max(sample_counts) + 2
    for target in targets:
        if target.candidates.count < needed:
            raise TableError(
                f"{target.name} has {target.candidates.count} architectures, "
                f"{max(sample_counts)} samples and two to predict need {needed}; take fewer samples"
            )
    units = []
    for method in methods:
        if method.source_use != "none" and not sources:
            raise TableError(f"{method.name} learns from a source task, and there is none; name one")
        for fitted_on in _source_sets(method, sources):
            name = _joined(fitted_on)
            for seed in seeds:
                work = partial(unit_rows, method, fitted_on, tuple(targets), tuple(sample_counts), seed)
                units.append(Unit(name=f"{method.name} from {name}, seed {seed}", work=work))
    return units


def unit_rows(
    method: type[AccuracyMethod],
    sources: Sequence[AccuracyTask],
    targets: Sequence[AccuracyTask],
    sample_counts: Sequence[int],
    seed: int,
) -> list[Row]:
    """Fit a method on sources and score it on targets: the rows of `AccuracyScore`."""
    fitted = method.fit_sources(sources, seed=seed)
    return [
        AccuracyScore(
            source=_joined(sources), method=method.name, encoding=method.encoding, seed=seed, **found
        ).as_row()
        for target in targets
        for found in target_scores(fitted.predictor_for(target.candidates), target, sample_counts, seed)
    ]


def accuracy_inputs(
    sources: Sequence[AccuracyTask], target: AccuracyTask, sample_counts: Sequence[int]
) -> dict[str, str]:
    """Return what the rows of a unit depend on, for the journal of a run; seeds and methods name the units."""
    digest = hashlib.sha256()
    for task in (*sources, target):
        for array in (task.candidates.choices, task.candidates.scores, task.accuracy):
            digest.update(np.ascontiguousarray(array).tobytes())
    return {
        "sources": ",".join(task.name for task in sources),
        "target": target.name,
        "table": digest.hexdigest(),
        "sample counts": ",".join(map(str, sorted(sample_counts))),
    }


def _source_sets(method: type[AccuracyMethod], sources: Sequence[AccuracyTask]) -> list[tuple[AccuracyTask, ...]]:
    if method.source_use == "none":
        return [()]
    return [(source,) for source in sources] if method.source_use == "one" else [tuple(sources)]


def _joined(sources: Sequence[AccuracyTask]) -> str:
    return "+".join(source.name for source in sources) or NO_SOURCE


def target_scores(
    predictor: AccuracyPredictor, target: AccuracyTask, sample_counts: Sequence[int], seed: int
) -> Iterator[dict[str, Any]]:
    """Choose, train and predict, one sample count after the other; yield what `AccuracyScore` says of each."""
    # The same architecture twice would be a sample and yet be scored.
    identity = np.unique(target.candidates.choices, axis=0, return_inverse=True)[1].reshape(-1)
    trained = Trained.none()
    for count in sorted(sample_counts):
        chosen = predictor.choose(count - trained.count, trained=trained, seed=seed)
        indices = np.concatenate([trained.indices, chosen])
        trained = Trained(indices=indices, accuracy=target.accuracy[indices])
        prediction = predictor.predict(trained, seed=seed)
        unseen = ~np.isin(identity, identity[indices])
        actual = target.accuracy[unseen]
        coverage = metrics.interval_coverage(actual, prediction.lower[unseen], prediction.upper[unseen])
        yield {
            "target": target.name,
            "sample_count": count,
            "spearman": metrics.spearman(actual, prediction.accuracy[unseen]),
            "kendall_tau": metrics.kendall_tau(actual, prediction.accuracy[unseen]),
            "interval_coverage": None if prediction.is_relative else coverage,
            "warning": predictor.warning(trained),
        }
