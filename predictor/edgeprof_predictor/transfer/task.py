"""What a transfer between search spaces is given, checked once."""

from __future__ import annotations

from dataclasses import dataclass

from edgeprof_predictor.encodings.reference_latencies import ReferenceLatencies
from edgeprof_predictor.errors import ReferencesError, TableError
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray
from edgeprof_predictor.tables.latency_table import LatencyTable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransferTask:
    """One platform, known on a source space, to be predicted on a target space.

    Letters: `n` architectures of the target space, `l` its decisions.

    Args:
        source_space: Where the platform is known.
        target_space: Where it is to be known.
        source: Latencies on the source space, of the references and of the platform.
        platform: Its name.
        references: The references on the target space.
        pool: Architectures of the target space that were not measured on the platform: columns are scaled by
            them, and samples are chosen among them.

    Shapes:
        pool: `n x l`.

    Raises:
        ReferencesError: If source and target are one space, or the platform is among the references.
        UnknownPlatformError: If the source does not hold the platform or a reference.
        TableError: If the pool is too small.
        EncodingError: If the pool is not of the target space.
    """

    source_space: CategoricalSpace
    target_space: CategoricalSpace
    source: LatencyTable
    platform: str
    references: ReferenceLatencies
    pool: ChoiceArray

    def __post_init__(self) -> None:
        if self.source_space.name == self.target_space.name:
            raise ReferencesError(
                f"source and target are both {self.target_space.name}; within one space, onboard the platform instead"
            )
        if self.references.space != self.target_space.name:
            raise ReferencesError(
                f"the references are known on {self.references.space}, the target is {self.target_space.name}"
            )
        if self.platform in self.references.platforms:
            raise ReferencesError(f"{self.platform} is the target and among its own references; leave it out of them")
        self.source.select((*self.references.platforms, self.platform))
        self.source_space.check_choices(self.source.choices)
        self.target_space.check_choices(self.pool)
        if len(self.pool) < 2:
            raise TableError(f"the pool needs at least 2 architectures of {self.target_space.name}")
