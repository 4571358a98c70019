"""How one probe is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder

Build = Callable[[GraphBuilder], None]
"""Adds nodes to a graph."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One graph of the suite, not yet built.

    Args:
        name: Name within its kind.
        kind: What it is for.
        builds: What adds the nodes to an empty graph: parts that share no value, which run one after the other.
    """

    name: str
    kind: str
    builds: tuple[Build, ...]
