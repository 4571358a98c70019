"""Compares the outputs of an exported file with those of the torch module it was made from."""

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
        The relative difference of the output that differs most, see `relative_difference`.

    Raises:
        ExportError: If the outputs do not agree; the text holds the figures.
    """
    expected = network.outputs()
    found = exporter.run(files, network.input_values())
    shapes, expected_shapes = [item.shape for item in found], [item.shape for item in expected]
    if shapes != expected_shapes:
        raise ExportError(
            f"the network that {exporter.name} wrote has {_shapes_text(shapes)}, torch's has "
            f"{_shapes_text(expected_shapes)}: it was not measured"
        )
    # NumPy's maximum keeps a NaN, which is no agreement.
    differences = [relative_difference(one, other) for one, other in zip(found, expected, strict=True)]
    difference = float(np.max(differences))
    tolerance = TOLERANCES.get(precision, _DEFAULT_TOLERANCE)
    if not difference <= tolerance:
        raise ExportError(
            f"the network that {exporter.name} wrote in {precision} differs from torch's by {difference:.2%} of the "
            f"size of the output, up to {tolerance:.2%} is accepted: it was not measured"
        )
    return difference


def relative_difference(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return the root mean square of a difference relative to that of the expected output; NaN where a value is NaN."""
    if not expected.size:
        return 0.0
    exact = expected.astype(np.float64)
    size = float(np.sqrt(np.mean(np.square(exact))))
    difference = float(np.sqrt(np.mean(np.square(found.astype(np.float64) - exact))))
    return difference / size if size else difference


def _shapes_text(shapes: list[tuple[int, ...]]) -> str:
    if len(shapes) == 1:
        return f"an output of shape {shapes[0]}"
    return f"{len(shapes)} outputs of shapes {', '.join(map(str, shapes[:8]))}"
