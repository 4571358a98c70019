"""The public calls `results` and `result`: what the store holds, found by what it was measured on and for."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, overload

from edgeprof.arguments import MAX_RESULT_NUMBER
from edgeprof.devices.named_devices import address_or_text
from edgeprof.errors import InvalidArgumentError
from edgeprof.reporting.columns import columns_of
from edgeprof.reporting.deletion import Deletion
from edgeprof.reporting.device_marks import told_apart
from edgeprof.reporting.export import export
from edgeprof.store import Deletable, ResultFilter, Store, StoredResult, opened
from edgeprof_proto.records.measurement import Measurement, VerdictKind

StorePath = Store | str | os.PathLike[str] | None


class Results(Sequence[StoredResult]):
    """Results, the newest first.

    Args:
        found: The results.
        store: Where they were found, or its file; None for the user's own.
    """

    def __init__(self, found: Sequence[StoredResult], store: StorePath = None) -> None:
        self._found = tuple(found)
        self._store = store

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> StoredResult: ...
    @overload
    def __getitem__(self, index: slice) -> "Results": ...
    def __getitem__(self, index: int | slice) -> "StoredResult | Results":
        return Results(self._found[index], self._store) if isinstance(index, slice) else self._found[index]

    def fastest(self) -> "Results":
        """Return one result for each network on each platform, the one with the lowest median.

        Networks are measured several times where the device drifted; what disturbs a run makes it slower.
        """
        kept: dict[tuple[str, str, str], StoredResult] = {}
        for found in self._found:
            key = found.platform, found.space, found.architecture or found.model_sha256 or found.model
            if key not in kept or found.median_ms < kept[key].median_ms:
                kept[key] = found
        numbers = {found.number for found in kept.values()}
        return Results([found for found in self._found if found.number in numbers], self._store)

    def frame(self) -> Any:
        """Return a pandas frame, a row for each result; its columns are those of `edgeprof results --export`.

        Raises:
            InvalidArgumentError: If pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise InvalidArgumentError(
                "frames are made by pandas, which is not installed: pip install pandas"
            ) from None
        return pandas.DataFrame.from_records(list(map(columns_of, self._found)))

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the results for other programs, in the format that the file's suffix names.

        Args:
            path: File ending in `.csv`, `.jsonl` (with every raw sample) or `.parquet` (needs pyarrow).

        Raises:
            InvalidArgumentError: If the suffix is another, or pyarrow is not installed.
            OutputFileError: If the file cannot be written.
            StoreError: If the store cannot be read.
        """
        with opened(self._store) as store:
            export(self._found, path, store)

    def deletion(self) -> Deletion:
        """Return what `delete` would take away, and what would stay.

        Raises:
            StoreError: If the store cannot be read.
        """
        with opened(self._store) as store:
            return self._deletion(store.find_deletable([found.number for found in self._found]))

    def delete(self) -> Deletion:
        """Delete the results with every raw sample, but for those that a session still needs.

        Returns:
            What went, and what stays.

        Raises:
            StoreError: If the store cannot be written.
        """
        with opened(self._store) as store:
            return self._deletion(store.delete_results([found.number for found in self._found]))

    def _deletion(self, found: Deletable) -> Deletion:
        return Deletion(
            results=[result for result in self._found if result.number in found.numbers],
            in_progress_count=len(found.in_progress),
            in_part_count=len(found.in_part),
        )


def results(
    *,
    device: str = "",
    runtime: str = "",
    precision: str = "",
    model: str = "",
    space: str = "",
    architecture: str = "",
    verdict: VerdictKind | None = None,
    source: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int | None = None,
    store: StorePath = None,
) -> Results:
    """Find measurements in the store, the newest first. All arguments narrow the search.

    Args:
        device: Id, name or address of the device.
        runtime: Name of the runtime.
        precision: Precision of the computation.
        model: Name of the model, with `*` and `?` for others, or the beginning of its SHA-256.
        space: Search space of the session that measured it.
        architecture: Text of the architecture.
        verdict: The agent's verdict.
        source: What measured it: `edgeprof`, or another tool by its name (`add_result`).
        since: Stored then or later; without a time zone it is local time.
        until: Stored before.
        limit: At most so many; None for all.
        store: Where to look, or its file; None for the user's own.

    Raises:
        InvalidArgumentError: If the limit is below 1.
        PairingFileError: If the file of this host's devices cannot be read.
        StoreError: If the store cannot be read.
    """
    if limit is not None and limit < 1:
        raise InvalidArgumentError(f"limit must be 1 or more, got {limit}")
    wanted = ResultFilter(
        device=device,
        address=address_or_text(device),
        runtime=runtime,
        precision=precision,
        model=model,
        space=space,
        architecture=architecture,
        verdict=verdict,
        source=source,
        since=since,
        until=until,
    )
    with opened(store) as searched:
        return Results(told_apart(searched.results(wanted, limit=limit), searched), store)


def result(number: int, *, store: StorePath = None) -> tuple[StoredResult, Measurement]:
    """Return one result, and its measurement with every raw sample.

    Args:
        number: Its number, as `results` tells it.
        store: Where to look, or its file; None for the user's own.

    Raises:
        InvalidArgumentError: If there is no such result, or another tool has measured it.
        PairingFileError: If the file of this host's devices cannot be read.
        StoreError: If the store cannot be read.
    """
    with opened(store) as source:
        found = find_result(number, source)
        measurement = source.measurement(found.job_id)
    if measurement is None:
        raise InvalidArgumentError(f"result {number} is one of {found.source}, which gives no measurement")
    return found, measurement


def find_result(number: int, store: Store) -> StoredResult:
    """Return one result, of whatever source.

    Args:
        number: Its number, as `results` tells it.
        store: Where to look.

    Raises:
        InvalidArgumentError: If there is no such result.
        PairingFileError: If the file of this host's devices cannot be read.
        StoreError: If the store cannot be read.
    """
    # A filter takes 0 for any number, and a database refuses numbers beyond its column's.
    found = store.results(ResultFilter(number=number)) if 1 <= number <= MAX_RESULT_NUMBER else []
    if not found:
        raise InvalidArgumentError(f"the store holds no result {number}: `edgeprof results` lists what it holds")
    return told_apart(found, store)[0]
