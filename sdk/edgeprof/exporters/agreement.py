"""Compares the output of an exported file with that of the torch module it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeprof.errors import ExportError
from edgeprof.exporters.base import Exporter, NetworkToExport

TOLERANCES = {"float32": 1e-3, "float16": 0.1, "int8": 0.9}
"""Largest relative difference that is accepted, by precision.

Random networks amplify the rounding of their first layers: over networks of the shipped search spaces it is up to
1.5e-5 in float32, 0.03 in float16 and 0.6 in int8. Outputs that have nothing to do with each other differ by 1.4.
"""

_DEFAULT_TOLERANCE = 0.9


def require_agreement(exporter: Exporter, network: NetworkToExport, files: tuple[Path, ...], precision: str) -> float:
    """Check that exported files compute what the network computes, within the tolerance of their precision.

    Args:
        exporter: What has written them.
        network: The network.
        files: The files.
        precision: Precision of the files.

    Returns:
        The relative difference, see `relative_difference`.

    Raises:
        ExportError: If the outputs do not agree; the text holds the figures.
    """
    import torch

    with torch.no_grad():
        expected = network.module(network.example).numpy()
    found = exporter.run(files, network.example.numpy())
    if found.shape != expected.shape:
        raise ExportError(
            f"the network that {exporter.name} wrote has an output of shape {found.shape}, torch's is "
            f"{expected.shape}: it was not measured"
        )
    difference = relative_difference(found, expected)
    tolerance = TOLERANCES.get(precision, _DEFAULT_TOLERANCE)
    if not difference <= tolerance:
        raise ExportError(
            f"the network that {exporter.name} wrote in {precision} differs from torch's by {difference:.2%} of the "
            f"size of the output, up to {tolerance:.2%} is accepted: it was not measured"
        )
    return difference


def relative_difference(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return the root mean square of a difference relative to that of the expected output; NaN where a value is NaN."""
    exact = expected.astype(np.float64)
    size = float(np.sqrt(np.mean(np.square(exact))))
    difference = float(np.sqrt(np.mean(np.square(found.astype(np.float64) - exact))))
    return difference / size if size else difference
