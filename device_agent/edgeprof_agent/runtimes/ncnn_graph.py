"""The graph that ncnn runs: the layers of the `.param`, which is what it runs, with the shapes that a run has.

The file holds no shapes, so that the network is run once with every blob kept. Layers that hold or hand on what is
there already are no nodes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from edgeprof_agent.errors import RunFailedError
from edgeprof_agent.runtimes.graph_builder import GraphBuilder
from edgeprof_agent.runtimes.ncnn_layers import attributes_of, weights_of
from edgeprof_agent.runtimes.ncnn_param import Layer, is_quantised
from edgeprof_proto.records.graph import OptimizedGraph

_HANDED_ON = frozenset({"Split", "Noop"})
_INPUT, _CONSTANT = "Input", "MemoryData"


def read_shapes(
    net: Any, inputs: Sequence[tuple[str, Any]], layers: Sequence[Layer], outputs: Sequence[str]
) -> dict[str, tuple[int, ...]]:
    """Run a network once and return the sizes of its blobs, without a batch.

    Args:
        net: The network.
        inputs: The values of its inputs by name.
        layers: Its layers.
        outputs: Names of its outputs.

    Raises:
        RunFailedError: If it cannot be run.
    """
    extractor = net.create_extractor()
    # In light mode a blob is gone once it was read.
    extractor.set_light_mode(False)
    for name, values in inputs:
        if extractor.input(name, values) != 0:
            raise RunFailedError(f"ncnn does not take the input {name!r}")
    shapes = {}
    for name in dict.fromkeys([*outputs, *(name for layer in layers for name in layer.outputs)]):
        code, values = extractor.extract(name)
        if code != 0 and name in outputs:
            raise RunFailedError(f"ncnn failed to compute the output {name!r} (code {code}), which its graph needs")
        if code == 0:
            shapes[name] = _sizes(values)
    return shapes


def _sizes(values: Any) -> tuple[int, ...]:
    sizes = (int(values.c), int(values.d), int(values.h), int(values.w))
    return {1: sizes[3:], 2: sizes[2:], 3: (sizes[0], *sizes[2:])}.get(int(values.dims), sizes)


def build_graph(
    layers: Sequence[Layer],
    shapes: Mapping[str, Sequence[int]],
    *,
    outputs: Sequence[str],
    provider: str,
    precision: str,
) -> OptimizedGraph:
    """Return the graph.

    Args:
        layers: The layers of the file.
        shapes: Sizes of the blobs by name.
        outputs: Names of the outputs of the network.
        provider: Where it runs.
        precision: Precision of the layers whose weights are not quantised.
    """
    builder = GraphBuilder()
    same: dict[str, str] = {}
    inputs: list[str] = []
    for layer in layers:
        if layer.type in _HANDED_ON:
            same.update((name, same.get(layer.inputs[0], layer.inputs[0])) for name in layer.outputs if layer.inputs)
            continue
        for name in layer.outputs:
            builder.add_tensor(
                name, element_type="float32", sizes=shapes.get(name), is_constant=layer.type == _CONSTANT
            )
        if layer.type == _INPUT:
            inputs += layer.outputs
        elif layer.type != _CONSTANT:
            _add_layer(builder, layer, [same.get(name, name) for name in layer.inputs], shapes, provider, precision)
    return builder.build(inputs, [same.get(name, name) for name in outputs], is_shaped_by_run=True, is_derived=True)


def _add_layer(
    builder: GraphBuilder,
    layer: Layer,
    read: list[str],
    shapes: Mapping[str, Sequence[int]],
    provider: str,
    precision: str,
) -> None:
    in_force = "int8" if is_quantised(layer) else precision
    weights = []
    for number, sizes in enumerate(weights_of(layer)):
        weights.append(f"{layer.name}.weights{number or ''}")
        builder.add_tensor(weights[-1], element_type=in_force, sizes=sizes, is_constant=True)
    rank = len(shapes.get(read[0], ())) if read else 0
    builder.add_node(
        layer.name,
        layer.type,
        [*read, *weights],
        layer.outputs,
        provider=provider,
        precision=in_force,
        attributes=attributes_of(layer, rank),
    )
