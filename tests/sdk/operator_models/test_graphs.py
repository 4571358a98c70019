"""What an agent tells of a graph becomes the graph that the operator model reads."""

from edgeprof.operator_models.graphs import graph_of
from edgeprof_predictor.operators.graph import Tensor
from edgeprof_proto.records.graph import GraphAttribute, GraphNode, GraphTensor, OptimizedGraph
from edgeprof_proto.records.measurement import OperatorTime

TOLD = OptimizedGraph(
    nodes=(
        GraphNode(
            name="conv",
            type="Conv",
            kernel="com.microsoft.nchwc",
            inputs=(0, 1, -1),
            outputs=(2,),
            attributes=(
                GraphAttribute(name="strides", integers=(2, 2)),
                GraphAttribute(name="activation", texts=("Relu",)),
            ),
        ),
        GraphNode(name="conv", type="Conv", inputs=(2,), outputs=(3,)),
    ),
    tensors=(
        GraphTensor(name="x", element_type="float32", sizes=(1, 3, 8, 8), has_sizes=True),
        GraphTensor(name="w", element_type="float32", sizes=(16, 3, 3, 3), has_sizes=True, constant_bytes=1_728),
        GraphTensor(name="y", element_type="float32", sizes=(-1, 16, 4, 4), has_sizes=True, layout="acdb"),
        GraphTensor(name="z"),
    ),
    inputs=(0,),
    outputs=(3,),
    node_count=2,
)


def test_constants_are_weights_and_what_runs_compute_are_inputs() -> None:
    first, second = graph_of("onnxruntime", TOLD).nodes
    assert first.inputs == (Tensor((1, 3, 8, 8)),)
    assert first.weights == (Tensor((16, 3, 3, 3)),)
    assert first.outputs == (Tensor((1, 16, 4, 4)),), "an open size counts as 1"
    assert first.attributes == {"strides": (2, 2), "activation": "Relu", "outputLayouts": "acdb"}
    assert first.kernel == "com.microsoft.nchwc"
    assert second.outputs == (Tensor((), ""),)
    assert (first.sources, second.sources) == ((-1,), (0,)), "the model's input, then what the first node writes"
    assert (first.sources, second.sources) == ((-1,), (0,)), "the second reads what the first computes"


def test_times_belong_to_the_nodes_that_they_name_also_where_names_are_not_unique() -> None:
    operators = (
        OperatorTime(name="conv", type="Conv", time_ms=0.5, share=0.8, window_ms=(0.4, 0.6), node_index=1),
        OperatorTime(name="conv", type="Conv", time_ms=0.1, share=0.1, node_index=0),
        OperatorTime(name="other", type="Conv", time_ms=9.0, share=0.1),
    )
    first, second = graph_of("onnxruntime", TOLD, operators).nodes
    assert first.window_us == (100.0,)
    assert second.window_us == (400.0, 600.0)
