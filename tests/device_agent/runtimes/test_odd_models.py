"""The kinds of odd models that users have, for every runtime: each is measured, or refused in a sentence with a cause.

A model that ends the engine ends this process, as it would end a worker.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from device_agent.runtimes import odd_ir_models, odd_ncnn_models, odd_onnx_models, odd_tflite_models

from edgeprof_agent.errors import (
    AgentError,
    ModelRefusedError,
    ModelRejectedError,
    RunFailedError,
    SettingNotSupportedError,
)
from edgeprof_agent.models.model_file import check_model_file
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.runtimes.registry import load_runtime
from edgeprof_agent.worker.run_failure import explained
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import GeneratedInput

Write = Callable[[str, Path], Path]

OPEN = r"input 'x' leaves dimension 1 \(\w+\) open, and only the first may be; give its size \(--shape\)"
NO_SHAPE = r"input 'x' declares no shape"
TEXTS = r"input 'x' is a tensor of texts \(string\), which cannot be generated"
NOTHING = r"input 'x' has size 0 in dimension 1, so that a run would compute nothing"

ONNX_REFUSED = {
    "open dimensions": OPEN,
    "no shape": NO_SHAPE,
    "texts": TEXTS,
    "size 0": NOTHING,
    "bfloat16": r"input 'x' is a tensor of bfloat16, which cannot be generated",
    "custom operator": r"operators of 'my.domain', which need a library of custom operators",
    "unknown operator": r"\bNowhere\b",
    "a cycle": r"acyclic|'y' is read before any operator writes it: the graph has a cycle",
    "a value from nowhere": r"[\"']q[\"']",
    "sequence": r"input 's' is no tensor \(a sequence|SequenceAt",
}
REFUSED: dict[tuple[str, str], dict[str, str]] = {
    ("onnxruntime", "onnx"): {
        **ONNX_REFUSED,
        "huge intermediate": r"Failed to allocate memory",
        "one name for all nodes": r"two nodes with same node name \(again\)",
        "a newer opset": r"the model uses opset 99 of ai.onnx, this ONNX Runtime knows up to \d+; update",
        "one value written twice": r"Duplicate definition of name \(y\)",
    },
    ("openvino", "onnx"): {
        **ONNX_REFUSED,
        "texts inside": r"can't convert from: f32 precision to: string",
        "huge intermediate": r"OpenVINO cannot compile the model for CPU: a tensor of the model is too large",
        "function": r"No conversion rule found for operations: mine.Twice",
    },
    ("openvino", "ir"): {"open dimensions": OPEN, "texts": TEXTS, "size 0": NOTHING},
    ("litert", "tflite"): {
        "open dimensions": OPEN,
        "texts": TEXTS,
        "size 0": NOTHING,
        "BroadcastTo": r"Output shape must be broadcastable from input shape; Node number 0 \(BROADCAST_TO\)",
        "huge intermediate": r"the interpreter cannot prepare the model: the interpreter gives no reason, as where a",
        "custom operator": r"it has the custom operator 'MyOperator', which needs a library of its own; convert",
        "TensorFlow's operator": r"it has operators of TensorFlow \(FlexErf\), which this interpreter lacks; convert",
    },
    ("ncnn", "ncnn"): {
        "no shape": NO_SHAPE,
        "size 0": NO_SHAPE,
        "negative size": r"Input has -4 at key 0, which must be 0 to",
        "no inputs": r"it has no layer Input",
        "huge intermediate": r"Failed to allocate memory",
        "custom layer": r"has no layer of the type 'MyLayer'; export the network without it",
        "an operation that was not converted": r"no layer of type 'pnnx.Expression', an operation that was not",
        "a cycle": r"the blob 'y' is not there yet",
        "a value from nowhere": r"the blob 'q' is not there yet",
        "one value written twice": r"the blob 'y' is there twice",
        "a value read twice": r"the blob 'x' is not there yet, or was used before",
        "weights cut off": r"it is cut off, or belongs to another .param file",
    },
}
"""What is refused, and words of the sentence; everything else is measured."""

WRITERS: dict[str, tuple[tuple[str, ...], Write]] = {
    "onnx": (tuple(odd_onnx_models.MODELS), odd_onnx_models.write),
    "ir": (tuple(odd_ir_models.MODELS), odd_ir_models.write),
    "tflite": (tuple(odd_tflite_models.MODELS), odd_tflite_models.write),
    "ncnn": (tuple(odd_ncnn_models.MODELS), odd_ncnn_models.write),
}
CASES = [(runtime, form, kind) for runtime, form in REFUSED for kind in WRITERS[form][0]]


def loaded(runtime_name: str, path: Path, batch_size: int = 1) -> LoadedModel:
    """Check and load a model as a worker does."""
    runtime = load_runtime(runtime_name)
    others = {other.name: other for other in path.parent.iterdir() if other != path}
    check_model_file(path, runtime.model_formats, memory_bytes=2**31, batch_size=batch_size, others=others)
    return runtime.load(path, Setting(runtime=runtime_name, batch_size=batch_size), input_seed=0)


def run_as_a_worker_does(model: LoadedModel) -> None:
    """Run a model, and ask what a measurement asks."""
    for _ in explained((model.run_once() for _ in range(2)), model.inputs):
        pass
    assert all(count >= 1 for count in model.count_nodes().values())
    assert all(item.time_ms >= 0 for item in model.time_operators())
    model.close()


@pytest.mark.parametrize(("runtime", "form", "kind"), CASES, ids=["-".join(case) for case in CASES])
def test_an_odd_model_is_measured_or_refused_in_one_sentence(
    runtime: str, form: str, kind: str, tmp_path: Path
) -> None:
    path = WRITERS[form][1](kind, tmp_path)
    expected = REFUSED[runtime, form].get(kind)
    if expected is None:
        run_as_a_worker_does(loaded(runtime, path))
        return
    with pytest.raises((ModelRejectedError, ModelRefusedError, RunFailedError)) as caught:
        run_as_a_worker_does(loaded(runtime, path))
    sentence = str(caught.value)
    assert re.search(expected, sentence), sentence
    assert len(sentence) < 600 and "\n" not in sentence
    # No places in the engine's source, no addresses of its pages.
    assert not re.search(r"\.(cc|cpp|h|hpp)\b|https?://|0x[0-9a-f]{6}", sentence), sentence


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino", "litert"])
def test_a_fixed_batch_runs_as_it_is_and_no_other(runtime: str, tmp_path: Path) -> None:
    path = WRITERS["tflite" if runtime == "litert" else "onnx"][1]("fixed batch", tmp_path)
    for batch_size in (1, 3):
        model = loaded(runtime, path, batch_size)
        assert model.inputs[0].sizes == (3, 4)
        model.close()
    with pytest.raises(SettingNotSupportedError, match="that of 'x' is 3"):
        loaded(runtime, path, 2)


STEERING = {
    ("onnxruntime", "onnx", "Gather"): ("n", 0, 0, ()),
    ("openvino", "onnx", "Gather"): ("n", 0, 0, ()),
    ("openvino", "ir", "Gather"): ("n", 0, 0, ()),
    ("litert", "tflite", "Gather"): ("n", 0, 0, ()),
    ("litert", "tflite", "GatherNd"): ("n", 0, 0, ()),
    ("litert", "tflite", "embedding"): ("ids", 0, 0, ()),
    ("onnxruntime", "onnx", "embedding"): ("ids", 0, 999, ()),
    ("openvino", "ir", "embedding"): ("n", 0, 999, ()),
    ("openvino", "ir", "embedding bag"): ("n", 0, 0, ()),
    ("openvino", "ir", "Gather along another dimension"): ("n", 0, 6, ()),
    ("ncnn", "ncnn", "embedding"): ("n", 0, 4, ()),
    ("onnxruntime", "onnx", "Reshape"): ("n", -1, 1, ("Reshape",)),
    ("litert", "tflite", "Reshape"): ("n", -1, 1, ("Reshape",)),
    ("openvino", "ir", "Reshape"): ("n", -1, 1, ("Reshape",)),
    ("onnxruntime", "onnx", "TopK"): ("n", 1, 1, ("TopK",)),
    ("openvino", "ir", "TopK"): ("n", 1, 1, ("TopK",)),
    ("onnxruntime", "onnx", "Loop"): ("n", 1, 1, ("Loop",)),
    ("onnxruntime", "onnx", "NonMaxSuppression"): ("most", 1, 1, ("NonMaxSuppression",)),
    ("litert", "tflite", "NonMaxSuppression"): ("most", 1, 1, ("NonMaxSuppression",)),
    ("litert", "tflite", "If"): ("c", 0, 1, ("If",)),
    ("litert", "tflite", "While"): ("i", None, None, ("While",)),
    ("litert", "tflite", "Fill"): ("n", 1, 1, ("Fill",)),
}
"""Inputs that steer: their range, and what they decide."""


@pytest.mark.parametrize("case", STEERING, ids="-".join)
def test_values_that_steer_lie_in_range_and_are_told(case: tuple[str, str, str], tmp_path: Path) -> None:
    runtime, form, kind = case
    model = loaded(runtime, WRITERS[form][1](kind, tmp_path))
    name, lowest, highest, operators = STEERING[case]
    (told,) = (item for item in model.inputs if item.name == name)
    assert (told.lowest_value, told.highest_value, told.deciding_operators) == (lowest, highest, operators)
    model.close()


def test_two_inputs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    model = loaded("litert", odd_tflite_models.write("one name for two inputs", tmp_path))
    assert [(item.name, item.sizes) for item in model.inputs] == [("x", (1, 4)), ("x#1", (3, 4))]


def test_a_run_that_fails_names_the_generated_values_that_decide() -> None:
    def fail() -> None:
        raise RunFailedError("no such shape")

    deciding = GeneratedInput(name="n", element_type="int64", deciding_operators=("Reshape",))
    for inputs, sentence in (
        ((deciding,), "no such shape; the values of 'n' decide what runs and were generated: give real ones"),
        ((GeneratedInput(name="x", element_type="float32"),), "no such shape"),
    ):
        with pytest.raises(AgentError, match=f"^{sentence}"):
            list(explained((fail() for _ in range(2)), inputs))
