"""The probe suite: the same bytes each time, graphs that runtimes and the agent take, and the operators it holds."""

import functools
import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeprof_agent.models.formats.onnx import check_onnx
from edgeprof_agent.runtimes.generated_inputs import generate_inputs
from edgeprof_predictor.operators.probes.suite import SUITE_VERSION, Probe, suite
from edgeprof_proto.shared.onnx_graph import parse_model
from edgeprof_proto.shared.onnx_precision import precision_of

PROBES = list(suite())

DIGESTS = {1: "d30e0e20651474b15139feb9e1a18a49cd6e3061dc86d54f08d58c9ec816caf7"}
"""Digest of the suite by its version: a change of any graph needs a new version, with a digest of its own."""

ONE_OF_EACH_KIND = list({probe.kind: probe for probe in PROBES}.values())

FOUR_GIBIBYTES = 2**32


def onnxruntime_session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def test_the_graphs_are_those_of_the_suites_version() -> None:
    digest = hashlib.sha256()
    for probe in PROBES:
        digest.update(probe.name.encode() + hashlib.sha256(probe.model_bytes()).digest())
    assert digest.hexdigest() == DIGESTS[SUITE_VERSION]
    assert max(DIGESTS) == SUITE_VERSION


def test_a_probe_is_the_same_file_each_time_and_another_with_another_seed() -> None:
    for index, probe in enumerate(ONE_OF_EACH_KIND):
        content = probe.model_bytes()
        assert content == PROBES[PROBES.index(probe)].model_bytes()
        other = next(again for again in suite(seed=index + 1) if again.name == probe.name)
        if any(tensor.dims for tensor in probe.model().graph.initializer if tensor.data_type == 1):
            assert other.model_bytes() != content


def test_listing_the_suite_builds_nothing_and_needs_no_onnx() -> None:
    program = "\n".join(
        (
            "import sys",
            "from edgeprof_predictor.operators.probes.suite import suite",
            "count = len(list(suite()))",
            "print(count, *(name for name in ('onnx', 'torch', 'onnxruntime') if name in sys.modules))",
        )
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.split() == [str(len(PROBES))]


def test_names_are_unique_and_fit_into_file_names() -> None:
    names = [probe.name for probe in PROBES]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").replace("_", "").isalnum() for name in names)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_the_agent_takes_the_file_and_its_outputs_are_ordinary_numbers(probe: Probe) -> None:
    content = probe.model_bytes()
    check_onnx(memoryview(content), memory_bytes=FOUR_GIBIBYTES, batch_size=1)
    model = parse_model(memoryview(content))
    assert precision_of(model) == "float32"
    feeds, told = generate_inputs(model, batch_size=1, seed=0)
    # What runs follows from the graph alone, so that a probe costs the same whatever its inputs are.
    assert not any(kind.deciding_operators for kind in told)
    session = onnxruntime_session(content)
    declared = [tuple(output.shape) for output in session.get_outputs()]
    outputs = session.run(None, feeds)
    assert [output.shape for output in outputs] == declared
    for output in outputs:
        assert is_ordinary(output)


def is_ordinary(output: NDArray[Any]) -> bool:
    """Whether values are finite, not denormal, of a scale that networks have, and not all the same."""
    magnitudes = np.abs(output.astype(np.float64))
    is_denormal = (magnitudes > 0) & (magnitudes < np.finfo(np.float32).tiny)
    is_varied = output.size == 1 or float(output.std()) > 1e-3
    return bool(np.isfinite(magnitudes).all() and magnitudes.max() < 1e4 and not is_denormal.any() and is_varied)


@pytest.mark.parametrize("probe", ONE_OF_EACH_KIND, ids=lambda probe: probe.name)
def test_openvino_computes_what_onnx_runtime_does(probe: Probe, tmp_path: Path) -> None:
    import openvino

    path = tmp_path / "probe.onnx"
    path.write_bytes(probe.model_bytes())
    (feeds,) = probe.example_inputs(1)
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    found = list(compiled(list(feeds.values())).values())
    expected = onnxruntime_session(path.read_bytes()).run(None, feeds)
    for one, other in zip(found, expected, strict=True):
        assert np.allclose(one, other, rtol=1e-2, atol=1e-2 * np.abs(other).max())


def test_inputs_that_name_rows_stay_within_their_tables() -> None:
    for name in ("attention-text_64", "attention-text_128", "movement-sequences"):
        probe = next(probe for probe in PROBES if probe.name == name)
        generated, _ = generate_inputs(parse_model(memoryview(probe.model_bytes())), batch_size=1, seed=0)
        (examples,) = probe.example_inputs(1)
        assert {name: (array.shape, array.dtype) for name, array in examples.items()} == {
            name: (array.shape, array.dtype) for name, array in generated.items()
        }
        for rows in (array for array in examples.values() if array.dtype == np.int64):
            onnxruntime_session(probe.model_bytes()).run(None, examples)
            assert 0 <= rows.min() < rows.max()


@functools.cache
def contents() -> tuple[Counter[str], Counter[str]]:
    """How many nodes of each type the suite holds, and how many convolutions of each kind."""
    nodes: Counter[str] = Counter()
    convolutions: Counter[str] = Counter()
    for probe in PROBES:
        graph = probe.model().graph
        shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
        for node in graph.node:
            nodes[node.op_type] += 1
            if node.op_type == "Conv":
                convolutions.update(kinds_of(node, shapes[node.input[1]]))
    return nodes, convolutions


def kinds_of(node: Any, weights: tuple[int, ...]) -> Iterator[str]:
    attributes = {attribute.name: attribute for attribute in node.attribute}
    groups = attributes["group"].i
    yield f"{len(weights) - 2}-D"
    if max(attributes["dilations"].ints) > 1:
        yield "dilated"
    if max(attributes["strides"].ints) > 1:
        yield "strided"
    if groups > 1:
        yield "depthwise" if groups == weights[0] else "grouped"
    else:
        yield "pointwise" if set(weights[2:]) == {1} else "dense"


def test_the_suite_holds_what_networks_are_made_of() -> None:
    nodes, _ = contents()
    assert nodes["Conv"] > 400 and nodes["MatMul"] > 150 and nodes["Transpose"] > 100
    wanted = {
        *("ConvTranspose", "Gemm", "LSTM", "GRU", "LayerNormalization", "InstanceNormalization", "BatchNormalization"),
        *(
            "Softmax",
            "LogSoftmax",
            "LRN",
            "Relu",
            "PRelu",
            "HardSwish",
            "HardSigmoid",
            "Sigmoid",
            "Tanh",
            "Erf",
            "Clip",
        ),
        *("LeakyRelu", "Elu", "Softplus", "Add", "Sub", "Mul", "Div", "Min", "Where", "Pow", "Sqrt", "Exp", "Log"),
        *("Concat", "Split", "Slice", "Pad", "Gather", "Reshape", "Expand", "Tile", "DepthToSpace", "ArgMax"),
        *("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Resize", "ReduceMean", "ReduceSum"),
        *("ReduceMax", "ReduceL2", "Squeeze", "Unsqueeze", "Greater", "Less", "Equal", "And", "Not", "Cast", "Abs"),
        "Flatten",
    }
    assert wanted <= set(nodes)


def test_convolutions_are_of_every_kind() -> None:
    _, convolutions = contents()
    minima = {"1-D": 20, "2-D": 400, "3-D": 10, "dilated": 10, "pointwise": 150, "depthwise": 60}
    minima |= {"grouped": 8, "strided": 40, "dense": 100}
    assert {name: count for name, count in minima.items() if convolutions[name] < count} == {}
