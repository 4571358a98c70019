"""The kinds of odd models that users have, for every runtime: each is measured, or refused in a sentence with a cause.

tests/tflite_environment asks the same of tflite-runtime, in an environment of its own.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from device_agent.runtimes import odd_ir_models, odd_ncnn_models, odd_onnx_models, odd_tflite_models
from device_agent.runtimes.odd_models import (
    NOTHING,
    OPEN,
    TEXTS,
    TFLITE_REFUSED,
    TFLITE_STEERING,
    Steering,
    require_fixed_batch,
    require_measured_or_refused,
    require_names_apart,
    require_steering,
)

from edgeprof_agent.errors import AgentError, RunFailedError
from edgeprof_agent.worker.run_failure import explained
from edgeprof_proto.records.generated_input import GeneratedInput

Write = Callable[[str, Path], Path]

NO_SHAPE = r"input 'x' declares no shape"

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
    ("litert", "tflite"): TFLITE_REFUSED,
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


@pytest.mark.parametrize(("runtime", "form", "kind"), CASES, ids=["-".join(case) for case in CASES])
def test_an_odd_model_is_measured_or_refused_in_one_sentence(
    runtime: str, form: str, kind: str, tmp_path: Path
) -> None:
    require_measured_or_refused(runtime, WRITERS[form][1](kind, tmp_path), REFUSED[runtime, form].get(kind))


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino", "litert"])
def test_a_fixed_batch_runs_as_it_is_and_no_other(runtime: str, tmp_path: Path) -> None:
    require_fixed_batch(runtime, WRITERS["tflite" if runtime == "litert" else "onnx"][1]("fixed batch", tmp_path))


STEERING: dict[tuple[str, str, str], Steering] = {
    **{("litert", "tflite", kind): expected for kind, expected in TFLITE_STEERING.items()},
    ("onnxruntime", "onnx", "Gather"): ("n", 0, 0, ()),
    ("openvino", "onnx", "Gather"): ("n", 0, 0, ()),
    ("openvino", "ir", "Gather"): ("n", 0, 0, ()),
    ("onnxruntime", "onnx", "embedding"): ("ids", 0, 999, ()),
    ("openvino", "ir", "embedding"): ("n", 0, 999, ()),
    ("openvino", "ir", "embedding bag"): ("n", 0, 0, ()),
    ("openvino", "ir", "Gather along another dimension"): ("n", 0, 6, ()),
    ("ncnn", "ncnn", "embedding"): ("n", 0, 4, ()),
    ("onnxruntime", "onnx", "Reshape"): ("n", -1, 1, ("Reshape",)),
    ("openvino", "ir", "Reshape"): ("n", -1, 1, ("Reshape",)),
    ("onnxruntime", "onnx", "TopK"): ("n", 1, 1, ("TopK",)),
    ("openvino", "ir", "TopK"): ("n", 1, 1, ("TopK",)),
    ("onnxruntime", "onnx", "Loop"): ("n", 1, 1, ("Loop",)),
    ("onnxruntime", "onnx", "NonMaxSuppression"): ("most", 1, 1, ("NonMaxSuppression",)),
}
"""Inputs that steer, by runtime, format and kind of model."""


@pytest.mark.parametrize("case", STEERING, ids="-".join)
def test_values_that_steer_lie_in_range_and_are_told(case: tuple[str, str, str], tmp_path: Path) -> None:
    runtime, form, kind = case
    require_steering(runtime, WRITERS[form][1](kind, tmp_path), STEERING[case])


def test_two_inputs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    require_names_apart("litert", odd_tflite_models.write("one name for two inputs", tmp_path))


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
