"""Small ncnn models for tests, written by hand."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

PARAM = """7767517
4 4
Input in0 0 1 in0 0=16 1=16 2=3
Convolution conv 1 1 in0 a 0=8 1=3 2=1 3=1 4=1 5=1 6=216
ReLU relu 1 1 a b
InnerProduct dense 1 1 b out0 0=10 1=1 2=20480
"""


def write_network(folder: Path, *, param: str = PARAM) -> tuple[Path, dict[str, Array]]:
    """Write a convolution, a ReLU and a dense layer.

    Args:
        folder: Where the two files are written.
        param: Text of the `.param` file.

    Returns:
        The `.param` file, and the weights by name.
    """
    generator = np.random.default_rng(0)
    weights = {
        "w0": generator.standard_normal((8, 3, 3, 3)).astype(np.float32) * 0.2,
        "b0": generator.standard_normal(8).astype(np.float32),
        "w1": generator.standard_normal((10, 8 * 16 * 16)).astype(np.float32) * 0.02,
        "b1": generator.standard_normal(10).astype(np.float32),
    }
    path = folder / "model.param"
    path.write_text(param, encoding="utf-8")
    # A number before the weights of a layer says how they are stored, 0 for float32; none stands before a bias.
    raw = struct.pack("I", 0)
    parts = (
        raw,
        weights["w0"].tobytes(),
        weights["b0"].tobytes(),
        raw,
        weights["w1"].tobytes(),
        weights["b1"].tobytes(),
    )
    path.with_suffix(".bin").write_bytes(b"".join(parts))
    return path, weights


def reference(weights: dict[str, Array], x: Array) -> Array:
    """Return what the network computes, by NumPy.

    Args:
        weights: As `write_network` returns them.
        x: An input, 3 x 16 x 16.
    """
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    windows = np.stack([padded[:, i : i + 16, j : j + 16] for i in range(3) for j in range(3)], axis=1)
    a = np.einsum("ckhw,ock->ohw", windows, weights["w0"].reshape(8, 3, 9)) + weights["b0"][:, None, None]
    result: Array = weights["w1"] @ np.maximum(a, 0).ravel() + weights["b1"]
    return result
