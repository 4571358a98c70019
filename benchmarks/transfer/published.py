"""Published tables of the two search spaces, and the platforms of both."""

from __future__ import annotations

import ast
from functools import cache
from typing import Final

import numpy as np
from benchmarks.published_data import DATA_FOLDER

from edgeprof_predictor.encodings import LookupEncoding, proxy_encoding
from edgeprof_predictor.spaces import CHOICE_TYPE, ChoiceArray, FloatArray, get_space
from edgeprof_predictor.spaces.cells import EDGES
from edgeprof_predictor.spaces.nasbench201.geometry import OPERATIONS
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_latency_table

DIRECTIONS: Final = (("fbnet", "nasbench201"), ("nasbench201", "fbnet"))

KINDS: Final = {
    "GPU": ("1080", "2080", "titan"),
    "CPU": ("gold", "silver"),
    "phone": ("essential", "pixel", "samsung"),
    "other": ("eyeriss", "fpga", "raspi"),
}
"""Families of the published platforms, by how their names begin."""

_PUBLISHED_OPERATIONS: Final = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
"""As `accuracy_and_zcp.npz` numbers them."""


@cache
def latencies(space: str) -> LatencyTable:
    """Return the table of a space."""
    return load_latency_table(DATA_FOLDER / f"latency_{space}.npz", get_space(space))


@cache
def common_platforms() -> tuple[str, ...]:
    """Return the platforms of both tables."""
    return tuple(name for name in latencies("fbnet").platforms if name in latencies("nasbench201").platforms)


def kind(platform: str) -> str:
    """Return the family of a published platform."""
    return next(name for name, beginnings in KINDS.items() if platform.startswith(beginnings))


def references_of(platform: str, left_out: str) -> list[str]:
    """Return the other platforms; without its family where `left_out` is `family`."""
    others = [name for name in common_platforms() if name != platform]
    return [name for name in others if left_out == "target" or kind(name) != kind(platform)]


@cache
def proxy_scores(space: str) -> tuple[tuple[str, ...], ChoiceArray, FloatArray]:
    """Return names of zero-cost proxies, architectures, and scores: `n x l`, `n x d`."""
    if space == "fbnet":
        with np.load(DATA_FOLDER / "zcp_fbnet.npz", allow_pickle=False) as archive:
            return tuple(archive["proxy"].tolist()), archive["arch"].astype(CHOICE_TYPE), archive["score"].astype(float)
    with np.load(DATA_FOLDER / "accuracy_and_zcp.npz", allow_pickle=False) as archive:
        prefix = "nasbench201/cifar10/"
        texts, names, scores = (archive[prefix + part] for part in ("arch", "proxy", "score"))
    # The table numbers operations differently, and orders edges by their start.
    edges = sorted(EDGES)
    choices = [
        [OPERATIONS.index(_PUBLISHED_OPERATIONS[ast.literal_eval(text)[edges.index(edge)]]) for edge in EDGES]
        for text in texts.tolist()
    ]
    return tuple(names.tolist()), np.array(choices, dtype=CHOICE_TYPE), scores.astype(float)


@cache
def proxies(space: str) -> LookupEncoding:
    """Return zero-cost proxies as an encoding of a space, of architectures that lack none."""
    _, choices, scores = proxy_scores(space)
    is_complete = np.isfinite(scores).all(axis=1)
    return proxy_encoding(choices[is_complete], scores[is_complete])
