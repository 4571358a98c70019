"""Write tables of latencies as `edgeprof_predictor.tables.published` reads them."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

from edgeprof_predictor._output_files import write_output
from edgeprof_predictor.spaces import CategoricalSpace
from edgeprof_predictor.tables.importers.errors import PublishedTableError
from edgeprof_predictor.tables.latency_table import LatencyTable


def save_latency_table(
    table: LatencyTable, path: str | os.PathLike[str], *, notation: CategoricalSpace | None = None
) -> None:
    """Write a table that `load_latency_table` reads back as it was.

    Args:
        table: The latencies.
        path: The `.npz` file; one that is there is replaced.
        notation: Search space in whose notation the architectures are written; None for a matrix of integers.

    Raises:
        PublishedTableError: If the file cannot be written.
    """
    architectures = (
        table.choices
        if notation is None
        else np.array([notation.format(item) for item in notation.architectures(table.choices)])
    )
    content = io.BytesIO()
    np.savez_compressed(content, arch=architectures, device=np.array(table.platforms), latency_ms=table.latency_ms)
    try:
        write_output(Path(path), content.getvalue())
    except OSError as error:
        raise PublishedTableError(f"cannot write {path}: {error.strerror or error}") from error
