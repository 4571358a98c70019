"""Score methods on a table of latencies: full range, unseen platforms, nothing but the samples.

The rules: a method sees the train platforms on a random subset of architectures, and of a test
platform only its samples. It is scored on every architecture of the table that was no sample. No
statistic of a test platform's whole table is used anywhere, and nothing is trimmed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from edgeprof_predictor import metrics
from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.methods.base import Method, PlatformPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace

CANDIDATE_COUNT = 1000
"""Architectures of the table offered as samples, drawn by seed; more change little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What is evaluated.

    Args:
        train: Source platforms.
        test: New platforms.
        sample_counts: Samples of a new platform; 0 ranks without any.
        seeds: Each draws its own source architectures, candidates and network weights.
        pretrain_samples: Architectures known of every source.
        methods: Classes to compare.

    Raises:
        TableError: If a platform is in train and test, a list is empty or a count makes no sense.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    sample_counts: tuple[int, ...]
    seeds: tuple[int, ...]
    pretrain_samples: int
    methods: tuple[type[Method], ...]

    def __post_init__(self) -> None:
        both = sorted(set(self.train) & set(self.test))
        if both:
            raise TableError(f"a platform is for train or for test, not for both: {', '.join(both)}")
        for name in ("train", "test", "sample_counts", "seeds", "methods"):
            if not getattr(self, name):
                raise TableError(f"an evaluation needs at least one of {name}")
        if min(self.sample_counts) < 0 or self.pretrain_samples < 2:
            raise TableError(
                f"sample counts must be >= 0 and pretrain_samples >= 2, "
                f"got {min(self.sample_counts)} and {self.pretrain_samples}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One method on one platform with one number of samples and one seed.

    Errors, shares and intervals are nan without samples: ranks have no milliseconds.
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
    fit_s: float
    adapt_s: float

    def as_row(self) -> dict[str, object]:
        """Return the fields as a dictionary, for JSON or a table."""
        return asdict(self)


def evaluate(
    space: CategoricalSpace,
    table: LatencyTable,
    protocol: Protocol,
    *,
    on_progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Score]:
    """Score every method of a protocol, as the scores come.

    Args:
        space: Search space of the table.
        table: Latencies of train and test platforms.
        protocol: What to evaluate.
        on_progress: Told what is being done.

    Raises:
        UnknownPlatformError: If a platform is not in the table.
        TableError: If the table holds fewer architectures than the protocol needs.
    """
    largest = max(protocol.sample_counts)
    if len(table.choices) < max(protocol.pretrain_samples, largest + 2):
        raise TableError(
            f"the table holds {len(table.choices)} architectures, the protocol needs "
            f"{max(protocol.pretrain_samples, largest + 2)}"
        )
    sources, targets = table.select(protocol.train), table.select(protocol.test)
    for seed in protocol.seeds:
        generator = np.random.default_rng(seed)
        known = generator.choice(len(table.choices), protocol.pretrain_samples, replace=False)
        for method_class in protocol.methods:
            on_progress(f"{method_class.name}, seed {seed}: fit {len(protocol.train)} sources")
            started = time.perf_counter()
            method = method_class.fit_sources(space, sources.subset(known), seed=seed)
            fit_s = time.perf_counter() - started
            for platform in protocol.test:
                on_progress(f"{method_class.name}, seed {seed}: {platform}")
                yield from _score_platform(method, targets, platform, protocol, seed, fit_s)


def _score_platform(
    method: Method, table: LatencyTable, platform: str, protocol: Protocol, seed: int, fit_s: float
) -> Iterator[Score]:
    latency_ms = table.latencies_of(platform)
    order = np.random.default_rng(seed).permutation(len(latency_ms))
    candidates = order[: max(CANDIDATE_COUNT, max(protocol.sample_counts))]
    chosen = np.zeros(0, dtype=np.int64)
    for count in sorted(set(protocol.sample_counts)):
        samples = Samples.of(table.choices[chosen], latency_ms[chosen]) if len(chosen) else Samples.none(method.space)
        rest = candidates[~np.isin(candidates, chosen)]
        added = method.choose_samples(table.choices[rest], count - len(chosen), measured=samples, seed=seed)
        chosen = np.concatenate([chosen, rest[added]])
        samples = Samples.of(table.choices[chosen], latency_ms[chosen])
        started = time.perf_counter()
        predictor = method.adapt(samples, seed=seed)
        adapt_s = time.perf_counter() - started
        is_unseen = np.ones(len(latency_ms), dtype=np.bool_)
        is_unseen[chosen] = False
        yield Score(
            method=method.name,
            platform=platform,
            sample_count=count,
            seed=seed,
            fit_s=fit_s,
            adapt_s=adapt_s,
            source_platform=predictor.source_platform,
            source_correlation=predictor.source_correlation,
            **_figures(predictor, table.subset(np.flatnonzero(is_unseen)), platform),
        )


def _figures(predictor: PlatformPredictor, unseen: LatencyTable, platform: str) -> dict[str, float]:
    actual = unseen.latencies_of(platform)
    prediction = predictor.predict(unseen.choices)
    predicted, lower, upper = prediction.latency_ms, prediction.lower_ms, prediction.upper_ms
    figures = {
        "median_ape": metrics.median_ape(actual, predicted),
        "mape": metrics.mape(actual, predicted),
        "within_5_percent": metrics.share_within(actual, predicted, error=0.05),
        "within_10_percent": metrics.share_within(actual, predicted, error=0.1),
        "interval_coverage": metrics.interval_coverage(actual, lower, upper),
        "interval_width_ratio": metrics.interval_width_ratio(predicted, lower, upper),
        "expected_error": predictor.expected_error,
    }
    if prediction.is_relative:
        figures = dict.fromkeys(figures, float("nan"))
    ranks = {
        "spearman": metrics.spearman(actual, predicted),
        "kendall_tau": metrics.kendall_tau(actual, predicted),
    }
    return figures | ranks
