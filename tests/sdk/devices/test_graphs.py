"""The graph that an engine made of a model is asked for through the contract, with a measurement or without one."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

import edgeprof
from edgeprof.errors import AgentTooOldError, ModelRejectedError
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.graph import GraphAttribute
from edgeprof_proto.records.job import JobState
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SHORT = MeasurementPlan(warmup_run_count=1, warmup_duration_ms=0.1, timed_run_count=4, timed_duration_ms=0.1)
ONNXRUNTIME = Setting(runtime="onnxruntime")


@pytest.fixture(scope="module")
def shared_device_runtimes() -> tuple[str, ...]:
    return ("simulated", "onnxruntime")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A convolution with a ReLU, which ONNX Runtime makes one node of."""
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["a"], name="convolution", strides=[2, 2], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["a"], ["y"], name="relu"),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("batch", 3, 16, 16))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ("batch", 16, 8, 8))],
        [helper.make_tensor("w", TensorProto.FLOAT, (16, 3, 3, 3), bytes(1_728), raw=True)],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def test_a_measurement_holds_the_graph_and_each_operator_its_node(shared_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        found = client.measure(model, ONNXRUNTIME, job_id="both", plan=SHORT, wants_operators=True, wants_graph=True)
    graph = found.optimized_graph
    assert graph is not None and graph.is_shaped_by_run and not graph.is_derived
    for operator in found.operators:
        assert operator.node_index is not None
        node = graph.nodes[operator.node_index]
        assert (operator.name, operator.type, operator.provider) == (node.name, node.type, node.provider)
    (convolution,) = [node for node in graph.nodes if node.type in ("Conv", "FusedConv")]
    assert convolution.attribute("strides") == GraphAttribute(name="strides", integers=(2, 2))
    assert convolution.attribute("activation") == GraphAttribute(name="activation", texts=("Relu",))
    weights = [graph.tensors[index] for index in convolution.inputs if graph.tensors[index].constant_bytes]
    assert sum(tensor.constant_bytes or 0 for tensor in weights) >= 1_728


def test_a_job_for_the_graph_alone_measures_nothing(shared_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        profile = client.profile(model, ONNXRUNTIME, job_id="graph", input_shapes={"batch": [2]})
        assert profile.setting.provider == "CPUExecutionProvider" and profile.load_ms > 0
        assert profile.graph is not None
        (given,) = [profile.graph.tensors[index] for index in profile.graph.inputs]
        assert given.sizes == (2, 3, 16, 16)
        job = client.job("graph")
        assert (job.state, job.measurement, job.failure) == (JobState.SUCCEEDED, None, None)
        # The same id attaches to the job that there is.
        assert client.profile(model, ONNXRUNTIME, job_id="graph", input_shapes={"batch": [2]}) == profile


def test_an_engine_that_tells_no_graph_says_so(shared_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        assert client.profile(model, shared_device.setting, job_id="none").graph is None


def test_a_model_that_cannot_be_loaded_has_no_graph(shared_device: SimulatedDevice, tmp_path: Path) -> None:
    graph = helper.make_graph([helper.make_node("NoSuchOperator", ["x"], ["y"])], "graph", [], [])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    with (
        edgeprof.connect(shared_device.address) as client,
        pytest.raises(ModelRejectedError, match="not a graph input"),
    ):
        client.profile(tmp_path / "m.onnx", ONNXRUNTIME, job_id="no")


def test_an_agent_that_knows_no_graphs_is_not_asked(shared_device: SimulatedDevice, model: Path) -> None:
    with edgeprof.connect(shared_device.address) as client:
        client.contract_revision = 4
        for ask in (client.profile, lambda *args, **fields: client.measure(*args, wants_graph=True, **fields)):
            with pytest.raises(AgentTooOldError, match="cannot tell the graph of a model: update"):
                ask(model, ONNXRUNTIME, job_id="old")
