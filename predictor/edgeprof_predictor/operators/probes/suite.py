"""The probe suite: small graphs whose operators are measured on a new platform.

A network of any kind is predicted from its operators. The suite holds the operators of many kinds of networks in many
sizes, and what runtimes join into one, so that one pass of a fraction of a second shows what each costs there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from edgeprof_predictor.operators.probes import (
    attention,
    chains,
    convolution,
    fused_images,
    fused_sequences,
    matrices,
    movement,
    other_convolutions,
    pointwise,
    pooling,
    recurrent,
)
from edgeprof_predictor.operators.probes.graph_builder import GraphBuilder
from edgeprof_predictor.operators.probes.recipe import Recipe

SUITE_VERSION = 1
"""Raised by each change that alters a graph: measurements of different versions are not compared."""

_SOURCES = (
    *(convolution, other_convolutions, chains, matrices, attention, pointwise, movement, pooling, recurrent),
    *(fused_images, fused_sequences),
)


@dataclass(frozen=True, slots=True)
class Probe:
    """One graph of the suite, built when it is asked for.

    Args:
        name: Its name, unique in the suite.
        kind: What it is for: `convolution`, `matrix`, `movement`, ...
        seed: With the name, decides the weights.
    """

    name: str
    kind: str
    seed: int
    _recipe: Recipe = field(repr=False)

    def model(self) -> Any:
        """Build the graph.

        Returns:
            An `onnx.ModelProto` in float32 with batch size 1 and fixed shapes.
        """
        return self._graph().model()

    def model_bytes(self) -> bytes:
        """Build the graph and return the content of its ONNX file: the same bytes each time."""
        content: bytes = self.model().SerializeToString(deterministic=True)
        return content

    def example_inputs(self, count: int) -> list[dict[str, NDArray[Any]]]:
        """Return inputs by name for as many runs, as integer formats are scaled by: the same each time."""
        return self._graph().example_inputs(count)

    def _graph(self) -> GraphBuilder:
        graph = GraphBuilder(self.name, self.seed)
        for build in self._recipe.builds:
            build(graph)
        return graph


def suite(seed: int = 0) -> Iterator[Probe]:
    """Return the probes, none of them built yet.

    Args:
        seed: Decides the weights.
    """
    for source in _SOURCES:
        for recipe in source.recipes():
            kind = recipe.kind.replace(" ", "_")
            yield Probe(f"{kind}-{recipe.name}", recipe.kind, seed, recipe)
