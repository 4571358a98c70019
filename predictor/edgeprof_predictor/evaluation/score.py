"""Evaluate one method with one seed on all test platforms: a unit of an evaluation."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any, Final, runtime_checkable
from typing import Protocol as Interface

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.evaluation.figures import prediction_figures
from edgeprof_predictor.evaluation.protocol import Protocol
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.descriptor_architectures import DescriptorArchitectures
from edgeprof_predictor.runs.journal import Row
from edgeprof_predictor.runs.runner import Unit
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

CANDIDATE_COUNT: Final = 5000
"""Architectures of the table offered as samples, drawn by seed: enough to hold extremes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One method on one platform with one number of samples and one seed.

    Errors, shares and intervals are nan without samples: ranks have no milliseconds.

    Args:
        method: Its name.
        platform: The new platform.
        sample_count: Architectures measured there.
        seed: Of all chance.
        spearman: Over every architecture that was no sample, ties averaged.
        kendall_tau: Tau-b over the same.
        median_ape: Median absolute error as a share of the latency.
        mape: The mean of it.
        within_5_percent: Share of predictions that err by at most 5 %.
        within_10_percent: The same for 10 %.
        interval_coverage: Share of latencies inside their 90 % interval.
        interval_width_ratio: Median width of the intervals as a share of the prediction.
        expected_error: Median error that the method itself expected.
        expected_lower: Lower end of its range, which 90 % of measured errors exceed; nan where it states none.
        expected_upper: Upper end, which 90 % stay below.
        source_platform: Whose embedding row was taken; None where none was.
        source_correlation: Its correlation with the new platform on the samples.
        is_upper_bound: Whether the method has seen the whole table of the new platform.
        trim: Share of the table left out at either end of its range, which uses the whole table, too.
        fit_s: Seconds to learn from the sources.
        adapt_s: Seconds from the samples to the first prediction.
    """

    method: str
    platform: str
    sample_count: int
    seed: int
    spearman: float
    kendall_tau: float
    median_ape: float
    mape: float
    within_5_percent: float
    within_10_percent: float
    interval_coverage: float
    interval_width_ratio: float
    expected_error: float
    source_platform: str | None
    source_correlation: float
    is_upper_bound: bool
    trim: float
    fit_s: float
    adapt_s: float
    expected_lower: float = math.nan
    expected_upper: float = math.nan

    def as_row(self) -> Row:
        """Return the fields for JSON, which knows no nan: it becomes None."""
        return {name: _finite_or_none(value) for name, value in asdict(self).items()}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Score:
        """Return what `as_row` was made of; rows of earlier releases call `is_upper_bound` `is_upper_mark`."""
        row = {"is_upper_bound" if name == "is_upper_mark" else name: value for name, value in row.items()}
        numbers = {field.name for field in fields(cls) if field.type == "float"}
        filled: dict[str, Any] = {
            name: math.nan if name in numbers and value is None else value for name, value in row.items()
        }
        return cls(**filled)


@runtime_checkable
class HasDescriptors(Interface):
    """A method that describes platforms by fixed architectures, which must be among the candidates."""

    descriptors: DescriptorArchitectures


@runtime_checkable
class SeesTruth(Interface):
    """An upper bound: it is given the whole table of a new platform, which no method may see."""

    def reveal(self, truth: Samples) -> None:
        """Show the latencies of the platform that is adapted to next."""


def evaluate(
    space: CategoricalSpace,
    table: LatencyTable,
    protocol: Protocol,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Score]:
    """Score every method of a protocol in this process, as the scores come.

    Args:
        space: Search space of the table.
        table: Latencies of train and test platforms.
        protocol: What to evaluate.
        on_progress: Called with what is being done.

    Raises:
        UnknownPlatformError: If a platform is not in the table.
        TableError: If the table holds fewer architectures than the protocol needs, or a method cannot work on it.
    """
    protocol.check(space, table)
    for seed in protocol.seeds:
        for method in protocol.methods:
            yield from score_method(space, table, protocol, method, seed, on_progress=on_progress)


def evaluation_units(space: CategoricalSpace, table: LatencyTable, protocol: Protocol) -> list[Unit]:
    """Return an evaluation as independent units, one for each seed and method, their rows those of `Score`.

    Raises:
        UnknownPlatformError: If a platform is not in the table.
        TableError: If the table holds fewer architectures than the protocol needs, or a method cannot work on it.
    """
    protocol.check(space, table)
    needed = table.select((*protocol.train, *protocol.test))
    return [
        Unit(name=f"{method.name}, seed {seed}", work=partial(_unit_rows, space, needed, protocol, method, seed))
        for seed in protocol.seeds
        for method in protocol.methods
    ]


def evaluation_inputs(space: CategoricalSpace, table: LatencyTable, protocol: Protocol) -> dict[str, str]:
    """Return what the rows of a unit depend on, for the journal of a run; seeds and methods name the units."""
    needed = table.select((*protocol.train, *protocol.test))
    digest = hashlib.sha256(needed.choices.tobytes() + needed.latency_ms.tobytes())
    return {
        "search space": f"{space.name} {space.choice_counts}",
        "table": digest.hexdigest(),
        "train platforms": ",".join(protocol.train),
        "test platforms": ",".join(protocol.test),
        "sample counts": ",".join(map(str, sorted(protocol.sample_counts))),
        "pretrain samples": str(protocol.pretrain_samples),
        "trim": f"{protocol.trim:g}",
    }


def _unit_rows(
    space: CategoricalSpace, table: LatencyTable, protocol: Protocol, method: type[Method], seed: int
) -> list[Row]:
    return [score.as_row() for score in score_method(space, table, protocol, method, seed)]


def score_method(
    space: CategoricalSpace,
    table: LatencyTable,
    protocol: Protocol,
    method_class: type[Method],
    seed: int,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Score]:
    """Fit one method to the sources, then score it on each test platform.

    Args:
        space: Search space of the table.
        table: Latencies of train and test platforms.
        protocol: What is evaluated; already checked.
        method_class: One of its methods.
        seed: One of its seeds.
        on_progress: Called with what is being done.
    """
    on_progress(f"{method_class.name}, seed {seed}: fit {len(protocol.train)} sources")
    sources = _sources(table, protocol, seed) if method_class.learns_from_sources else None
    started_s = time.perf_counter()
    # A method that is fitted already takes no sources.
    method = method_class.fit_sources(space, sources, seed=seed)  # type: ignore[arg-type]
    fit_s = time.perf_counter() - started_s
    for platform in protocol.test:
        on_progress(f"{method_class.name}, seed {seed}: {platform}")
        scoring = _PlatformScoring(method, table, platform, protocol, seed)
        for count in sorted(protocol.sample_counts):
            yield replace(scoring.score(count, fit_s), method=method_class.name)


def _sources(table: LatencyTable, protocol: Protocol, seed: int) -> LatencyTable:
    """Return what the train platforms show with a seed."""
    sources = table.select(protocol.train)
    eligible = protocol.source_rows(sources)
    return sources.subset(
        eligible[np.random.default_rng(seed).choice(len(eligible), protocol.pretrain_samples, replace=False)]
    )


class _PlatformScoring:
    """One fitted method on one new platform: samples are added, and each count is scored.

    Args:
        method: Fitted on the sources.
        table: Latencies of the new platform, among others.
        platform: Its name.
        protocol: What is evaluated.
        seed: Draws the candidates.
    """

    def __init__(self, method: Method, table: LatencyTable, platform: str, protocol: Protocol, seed: int) -> None:
        kept = np.flatnonzero(protocol.is_in_range(table.latencies_of(platform)))
        self._method, self._platform, self._protocol, self._seed = method, platform, protocol, seed
        self._choices = table.choices[kept]
        self._latency_ms = table.latencies_of(platform)[kept]
        # The same architecture twice would be a sample and yet be scored.
        self._identity = np.unique(self._choices, axis=0, return_inverse=True)[1].reshape(-1)
        self._candidates = self._offered()
        self._chosen = np.zeros(0, dtype=np.int64)
        if isinstance(method, SeesTruth):
            method.reveal(Samples.of(self._choices, self._latency_ms))

    def _offered(self) -> NDArray[np.int64]:
        order = np.random.default_rng(self._seed).permutation(len(self._latency_ms))
        offered = order[: max(CANDIDATE_COUNT, max(self._protocol.sample_counts))]
        if not isinstance(self._method, HasDescriptors):
            return offered
        fixed = {architecture.tobytes() for architecture in self._method.descriptors.choices}
        found = [index for index, row in enumerate(self._choices) if row.tobytes() in fixed]
        return np.concatenate([offered, np.setdiff1d(found, offered).astype(np.int64)])

    def _samples(self) -> Samples:
        if not len(self._chosen):
            return Samples.none(self._method.space)
        return Samples.of(self._choices[self._chosen], self._latency_ms[self._chosen])

    def _measure_round(self, wanted_count: int) -> None:
        """Let the method choose samples as an onboarding does, and show it what they take."""
        rest = self._candidates[~np.isin(self._candidates, self._chosen)]
        added = self._method.choose_samples(
            self._choices[rest],
            self._method.next_round(len(self._chosen), wanted_count),
            measured=self._samples(),
            seed=self._seed,
        )
        self._chosen = np.concatenate([self._chosen, rest[added]])

    def score(self, count: int, fit_s: float) -> Score:
        """Choose samples until there are `count`, adapt to them, predict everything else."""
        while len(self._chosen) < count:
            self._measure_round(count)
        started_s = time.perf_counter()
        predictor = self._method.adapt(self._samples(), seed=self._seed)
        # Some methods put off work until somebody asks.
        predictor.predict(self._choices[:1])
        adapt_s = time.perf_counter() - started_s
        is_unseen = ~np.isin(self._identity, self._identity[self._chosen])
        return Score(
            method=self._method.name,
            platform=self._platform,
            sample_count=count,
            seed=self._seed,
            fit_s=fit_s,
            adapt_s=adapt_s,
            source_platform=predictor.source_platform,
            source_correlation=predictor.source_correlation,
            is_upper_bound=isinstance(self._method, SeesTruth),
            trim=self._protocol.trim,
            **prediction_figures(predictor, self._choices[is_unseen], self._latency_ms[is_unseen]),
        )


def _finite_or_none(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
