"""ncnn models of the odd kinds that users have, each as small as it can be."""

import struct
from pathlib import Path

import numpy as np

_RAW = struct.pack("I", 0)
"""Says that the weights behind it are float32."""


def _text(*layers: str) -> str:
    blobs = [name for layer in layers for words in [layer.split()] for name in _tops(words)]
    return "\n".join(["7767517", f"{len(layers)} {len(blobs)}", *layers]) + "\n"


def _tops(words: list[str]) -> list[str]:
    bottom_count, top_count = int(words[2]), int(words[3])
    return words[4 + bottom_count : 4 + bottom_count + top_count]


_X = "Input x 0 1 x 0=4"
_RELU = "ReLU r 1 1 x y"

MODELS: dict[str, tuple[str, bytes]] = {
    name: (_text(*layers), weights)
    for name, layers, weights in (
        ("no shape", ("Input x 0 1 x", _RELU), b""),
        ("fixed sizes", ("Input x 0 1 x 0=6 1=5 2=3", _RELU), b""),
        ("one number", ("Input x 0 1 x 0=1", _RELU), b""),
        ("size 0", ("Input x 0 1 x 0=0", _RELU), b""),
        ("negative size", ("Input x 0 1 x 0=-4", _RELU), b""),
        ("no inputs", ("MemoryData w 0 1 w 0=4", "ReLU r 1 1 w y"), np.ones(4, np.float32).tobytes()),
        (
            "several inputs and outputs",
            ("Input a 0 1 a 0=4", "Input b 0 1 b 0=4", "BinaryOp s 2 1 a b c 0=0", "Split t 1 2 c y z"),
            b"",
        ),
        ("an output is an input", (_X, "Split t 1 2 x y z", "ReLU r 1 1 y v"), b""),
        ("nothing is computed", (_X,), b""),
        ("unused input", (_X, "Input u 0 1 u 0=9", _RELU), b""),
        ("a constant is an output", (_X, "MemoryData w 0 1 w 0=4", _RELU), np.ones(4, np.float32).tobytes()),
        ("embedding", ("Input n 0 1 n 0=6", "Embed e 1 1 n y 0=4 1=5 2=0 3=20"), _RAW + bytes(80)),
        ("not a number", (_X, "UnaryOp l 1 1 x a 0=8", "UnaryOp m 1 1 a y 0=8"), b""),
        ("denormal", (_X, "BinaryOp m 1 1 x y 0=2 1=1 2=1.0e-38"), b""),
        ("overflow", (_X, "BinaryOp m 1 1 x a 0=2 1=1 2=1.0e+30", "UnaryOp e 1 1 a y 0=7"), b""),
        ("huge intermediate", ("Input x 0 1 x 0=4 1=4", "Padding p 1 1 x y 0=2000000 2=2000000000"), b""),
        ("custom layer", (_X, "MyLayer r 1 1 x y"), b""),
        ("an operation that was not converted", (_X, "pnnx.Expression r 1 1 x y"), b""),
        ("odd names", ("Input a/b:0 0 1 a/b:0 0=4", "ReLU äöü 1 1 a/b:0 名前", "ReLU %s 1 1 名前 out[0].{y}"), b""),
        ("one name for all layers", (_X, "ReLU again 1 1 x a", "ReLU again 1 1 a y"), b""),
        (
            "one node many times",
            ("Input v0 0 1 v0 0=4", *(f"ReLU r{index} 1 1 v{index} v{index + 1}" for index in range(300))),
            b"",
        ),
        ("a cycle", (_X, "BinaryOp s 2 1 x y z 0=0", "ReLU r 1 1 z y"), b""),
        ("a value from nowhere", (_X, "BinaryOp s 2 1 x q y 0=0"), b""),
        ("one value written twice", (_X, _RELU, "Input z 0 1 y 0=4"), b""),
        ("a value read twice", (_X, _RELU, "ReLU s 1 1 x z"), b""),
        ("weights cut off", (_X, "InnerProduct d 1 1 x y 0=4 1=0 2=16"), _RAW + bytes(20)),
    )
}
"""Text and weights of each model."""


def write(kind: str, folder: Path) -> Path:
    """Write a model of a kind into a folder."""
    path = folder / "model.param"
    text, weights = MODELS[kind]
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".bin").write_bytes(weights)
    return path
