"""Writes results for other programs: CSV, JSON lines, Parquet."""

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.errors import InvalidArgumentError
from edgeprof.output_files import check_output, write_file
from edgeprof.reporting.columns import columns_of
from edgeprof.store import Store, StoredResult


def export(results: Sequence[StoredResult], path: str | os.PathLike[str], store: Store) -> None:
    """Write results in the format that the suffix of the file names.

    Args:
        results: The results.
        path: File ending in `.csv`, `.jsonl` or `.parquet`.
        store: Holds their raw samples.

    Raises:
        InvalidArgumentError: If the suffix is another, there is no result, or pyarrow is not installed.
        OutputFileError: If the file cannot be written.
        StoreError: If the store cannot be read.
    """
    name = Path(path).name.lower()
    writer = next((writer for suffix, writer in _WRITERS.items() if name.endswith(suffix)), None)
    if writer is None:
        raise InvalidArgumentError(f"{os.fspath(path)} must end in one of {', '.join(_WRITERS)}, which name the format")
    if not results:
        raise InvalidArgumentError("there is no such result to export: the store holds none that is wanted")
    check_output(path)
    write_file(path, writer(results, store))


def _csv(results: Sequence[StoredResult], _: Store) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns_of(results[0]).keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(map(columns_of, results))
    return text.getvalue().encode()


def _json_lines(results: Sequence[StoredResult], store: Store) -> bytes:
    """One object a line: the columns, and the whole measurement with its raw samples, which is not decoded."""
    lines = io.StringIO()
    by_job = {result.job_id: result for result in results if result.job_id}
    for job_id, measurement in store.measurement_texts(list(by_job)):
        lines.write(f'{json.dumps(columns_of(by_job[job_id]))[:-1]}, "measurement": {measurement}}}\n')
    # Other tools tell no runs.
    lines.writelines(
        f"{json.dumps({**columns_of(result), 'measurement': None})}\n" for result in results if not result.job_id
    )
    return lines.getvalue().encode()


def _parquet(results: Sequence[StoredResult], _: Store) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InvalidArgumentError(
            "Parquet files are written by pyarrow, which is not installed: pip install 'edgeprof[parquet]', or export "
            "to .csv or .jsonl"
        ) from None
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(map(columns_of, results))), sink)
    return sink.getvalue()


_WRITERS: dict[str, Callable[[Sequence[StoredResult], Store], bytes]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".parquet": _parquet,
}
