"""Tests of what a runtime tells of operators and graphs; part of the tests that every runtime must pass."""

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from edgeprof_agent.runtimes.base import LoadedModel, Runtime
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.graph import LEFT_OUT, OptimizedGraph
from edgeprof_proto.records.job_spec import Setting


def assert_connected(graph: OptimizedGraph) -> None:
    """Check that each node reads what the model is given, what is constant, or what another node writes.

    Args:
        graph: The graph.
    """
    made = {*graph.inputs, *(index for node in graph.nodes for index in node.outputs)}
    made |= {index for index, tensor in enumerate(graph.tensors) if tensor.constant_bytes is not None}
    read = {*graph.outputs, *(index for node in graph.nodes for index in node.inputs)} - {LEFT_OUT}
    assert read <= made, [graph.tensors[index] for index in read - made]
    assert graph.inputs and graph.outputs and graph.nodes


class GraphContract(ABC):
    """How to make the runtime under test and a model for it, and the tests of operators and graphs."""

    batch_size: ClassVar[int] = 2
    """Batch size that the open dimension is given; 1 for an engine without a batch."""

    has_batch: ClassVar[bool] = True
    """Whether shapes begin with the batch; False for an engine without one."""

    @abstractmethod
    def make_runtime(self) -> Runtime:
        """Return the runtime under test."""

    @abstractmethod
    def write_model(self, folder: Path) -> Path:
        """Write a small model that the runtime can run, its first input dimension open.

        Args:
            folder: An empty folder. Every file in it belongs to the model.

        Returns:
            The model's main file.
        """

    def test_operators_and_graph_agree_with_the_counts_and_with_each_other(self) -> None:
        """What a runtime tells of operators and graph names described providers, and as many nodes as it counts."""
        with self._loaded(Setting(runtime=self._describe().name)) as model:
            model.run_once()
            node_count = sum(model.count_nodes().values())
            graph = model.read_graph()
            operators = model.time_operators()
        providers = {"", *self._describe().providers}
        assert {item.provider for item in operators} <= providers
        if operators and node_count:
            # A node that is too fast for the engine's clock may be missing in one of them.
            assert abs(len(operators) - node_count) <= max(1, node_count // 10), (len(operators), node_count)
        assert all(item.window_ms and item.time_ms >= 0 for item in operators), operators
        if graph is None:
            assert not any(item.node_index is not None for item in operators)
            return
        assert graph.is_complete and {node.provider for node in graph.nodes} <= providers
        assert len(graph.nodes) >= node_count, (len(graph.nodes), node_count)
        indices = [item.node_index for item in operators if item.node_index is not None]
        assert len(set(indices)) == len(indices) and set(indices) <= set(range(len(graph.nodes)))
        assert_connected(graph)

    def test_a_graph_is_told_without_a_run(self) -> None:
        """A job that asks for the graph alone runs nothing; its shapes are those that a run has."""
        with self._loaded(Setting(runtime=self._describe().name, batch_size=self.batch_size)) as model:
            graph = model.read_graph()
        if graph is not None and self.has_batch:
            batches = {graph.tensors[index].sizes[0] for index in graph.inputs if graph.tensors[index].sizes}
            assert batches <= {self.batch_size}, batches

    def _describe(self) -> RuntimeInfo:
        info = self.make_runtime().describe()
        assert info is not None, "the runtime under test must be listed"
        return info

    @contextmanager
    def _loaded(self, setting: Setting) -> Iterator[LoadedModel]:
        with tempfile.TemporaryDirectory() as folder:
            model = self.make_runtime().load(self.write_model(Path(folder)), setting, input_seed=0)
            try:
                yield model
            finally:
                model.close()
