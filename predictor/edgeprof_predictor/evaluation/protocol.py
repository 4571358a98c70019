"""What is evaluated, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import TableError
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.spaces import CategoricalSpace, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What is evaluated.

    Args:
        train: Source platforms; none where every method is fitted already.
        test: New platforms.
        sample_counts: Samples of a new platform. 0 ranks without any; 1 gives the scale and does not
            distinguish sources.
        seeds: Each draws its own source architectures, candidates and network weights.
        pretrain_samples: Architectures known of every source.
        methods: Classes to compare.
        trim: Share of the architectures left out at either end of each platform's latencies; 0.1 is what HELP's
            published tables do. It uses the whole table of a new platform, and each score records it.

    Raises:
        TableError: If a platform is in train and test, a list is empty or names something twice, or a number
            makes no sense.
    """

    train: tuple[str, ...]
    test: tuple[str, ...]
    sample_counts: tuple[int, ...]
    seeds: tuple[int, ...]
    pretrain_samples: int
    methods: tuple[type[Method], ...]
    trim: float = 0.0

    def __post_init__(self) -> None:
        both = sorted(set(self.train) & set(self.test))
        if both:
            raise TableError(f"a platform is for train or for test, not for both: {', '.join(both)}")
        for name in ("train", "test", "sample_counts", "seeds", "methods"):
            given = getattr(self, name)
            is_needed = name != "train" or any(method.learns_from_sources for method in self.methods)
            if not given and is_needed:
                raise TableError(f"an evaluation needs at least one of {name}")
            _check_distinct(name, [item.name if name == "methods" else item for item in given])
        if min(self.sample_counts) < 0 or self.pretrain_samples < 2:
            raise TableError(
                f"sample counts must be >= 0 and pretrain_samples >= 2, "
                f"got {min(self.sample_counts)} and {self.pretrain_samples}"
            )
        if not 0 <= self.trim < 0.5:
            raise TableError(f"trim must be at least 0 and below 0.5, got {self.trim}")

    def check(self, space: CategoricalSpace, table: LatencyTable) -> None:
        """Refuse a table on which this cannot be evaluated, before anything is computed.

        Raises:
            UnknownPlatformError: If a platform is not in the table, with the nearest one that is.
            TableError: If the table holds fewer architectures than needed, or a method needs costs that are
                unknown for the search space.
        """
        table.select(self.test)
        in_range = len(table.choices) - 2 * int(self.trim * len(table.choices))
        needed = max(self.sample_counts) + 2
        pretrained = self.pretrain_samples if self.train else 0
        if len(table.choices) < pretrained or in_range < needed:
            trimmed = f", {in_range} of them left by trimming" if self.trim else ""
            raise TableError(
                f"the table holds {len(table.choices)} architectures{trimmed}, the protocol needs "
                f"{max(pretrained, needed)}: take fewer samples or pretrain samples"
            )
        if self.train and len(self.source_rows(table.select(self.train))) < pretrained:
            raise TableError(
                f"trimmed by {self.trim:g}, {len(self.source_rows(table.select(self.train)))} architectures are within "
                f"the range of every source, fewer than the {pretrained} pretrain samples; trim less or take fewer"
            )
        self._check_methods(space, table)

    def _check_methods(self, space: CategoricalSpace, table: LatencyTable) -> None:
        for method in self.methods:
            seen = sorted(set(getattr(method, "source_platforms", ())) & set(self.test))
            if seen:
                raise TableError(
                    f"the method {method.name} was fitted to {', '.join(seen)}, which is to be new: leave it out of "
                    "the test platforms"
                )
        costless = [method.name for method in self.methods if method.needs_costs]
        if costless and space.costs(table.choices[:1]) is None:
            raise TableError(
                f"{', '.join(costless)} needs the costs of architectures, and {space.name} is known by its choices "
                f"alone; leave the method out, or name the search space if it is a known one"
            )

    def is_in_range(self, latency_ms: FloatArray) -> NDArray[np.bool_]:
        """Tell which of `n` latencies of a platform are kept; all of them unless trimmed."""
        count = int(self.trim * len(latency_ms))
        order = np.argsort(latency_ms, kind="stable")
        kept = np.zeros(len(latency_ms), dtype=np.bool_)
        kept[order[count : len(order) - count]] = True
        return kept

    def source_rows(self, sources: LatencyTable) -> NDArray[np.int64]:
        """Return the architectures that sources may show: those kept on every one of them."""
        return np.flatnonzero(np.all([self.is_in_range(row) for row in sources.latency_ms], axis=0))


def _check_distinct(name: str, given: Sequence[object]) -> None:
    repeated = sorted({str(item) for item in given if given.count(item) > 1})
    if repeated:
        raise TableError(f"{name} names something twice: {', '.join(repeated)}")
