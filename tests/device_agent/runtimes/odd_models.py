"""What is asked of every runtime about the kinds of odd models that users have, shared by the environments of runtimes.

A model that ends the engine ends this process, as it would end a worker.
"""

import re
from pathlib import Path

import pytest

from edgeprof_agent.errors import (
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

OPEN = r"input 'x' leaves dimension 1 \(\w+\) open, and only the first may be; give its size \(--shape\)"
TEXTS = r"input 'x' is a tensor of texts \(string\), which cannot be generated"
NOTHING = r"input 'x' has size 0 in dimension 1, so that a run would compute nothing"

Steering = tuple[str, int | None, int | None, tuple[str, ...]]
"""An input that steers: its name, the ends of its range, and the operators that it decides."""

TFLITE_REFUSED = {
    "open dimensions": OPEN,
    "texts": TEXTS,
    "size 0": NOTHING,
    "BroadcastTo": r"Output shape must be broadcastable from input shape; Node number 0 \(BROADCAST_TO\)",
    "huge intermediate": r"the interpreter cannot prepare the model: .*a tensor does not fit into memory",
    "a cycle": r"'y' is read before any operator writes it: the graph has a cycle",
    "custom operator": r"it has the custom operator 'MyOperator', which needs a library of its own; convert",
    "TensorFlow's operator": r"it has operators of TensorFlow \(FlexErf\), which this interpreter lacks; convert",
}
"""What the interpreter of TensorFlow Lite refuses, and words of the sentence, whichever package brings it."""

TFLITE_STEERING: dict[str, Steering] = {
    "Gather": ("n", 0, 0, ()),
    "GatherNd": ("n", 0, 0, ()),
    "embedding": ("ids", 0, 0, ()),
    "Reshape": ("n", -1, 1, ("Reshape",)),
    "NonMaxSuppression": ("most", 1, 1, ("NonMaxSuppression",)),
    "If": ("c", 0, 1, ("If",)),
    "While": ("i", None, None, ("While",)),
    "Fill": ("n", 1, 1, ("Fill",)),
}


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


def require_measured_or_refused(runtime: str, path: Path, refusal: str | None) -> None:
    """Check that a model runs, or is refused in one sentence.

    Args:
        runtime: Name of the runtime.
        path: Main file of the model, in a folder of its own.
        refusal: Words of the sentence; None for a model that runs.
    """
    if refusal is None:
        run_as_a_worker_does(loaded(runtime, path))
        return
    with pytest.raises((ModelRejectedError, ModelRefusedError, RunFailedError)) as caught:
        run_as_a_worker_does(loaded(runtime, path))
    sentence = str(caught.value)
    assert re.search(refusal, sentence), sentence
    assert len(sentence) < 600 and "\n" not in sentence
    # No places in the engine's source, no addresses of its pages.
    assert not re.search(r"\.(cc|cpp|h|hpp)\b|https?://|0x[0-9a-f]{6}", sentence), sentence


def require_steering(runtime: str, path: Path, expected: Steering) -> None:
    """Check that values of an input that steers lie in range, and that the model tells what they decide.

    Args:
        runtime: Name of the runtime.
        path: Main file of the model, in a folder of its own.
        expected: The input.
    """
    model = loaded(runtime, path)
    (told,) = (item for item in model.inputs if item.name == expected[0])
    assert (told.name, told.lowest_value, told.highest_value, told.deciding_operators) == expected
    model.close()


def require_fixed_batch(runtime: str, path: Path) -> None:
    """Check that a model whose batch is fixed to 3 runs as it is, and with no other batch.

    Args:
        runtime: Name of the runtime.
        path: Main file of the model, in a folder of its own, with an input x of 3 times 4.
    """
    for batch_size in (1, 3):
        model = loaded(runtime, path, batch_size)
        assert model.inputs[0].sizes == (3, 4)
        model.close()
    with pytest.raises(SettingNotSupportedError, match="that of 'x' is 3"):
        loaded(runtime, path, 2)


def require_names_apart(runtime: str, path: Path) -> None:
    """Check that two inputs of one name are told apart.

    Args:
        runtime: Name of the runtime.
        path: Main file of the model, in a folder of its own, whose inputs are both called x.
    """
    model = loaded(runtime, path)
    assert [(item.name, item.sizes) for item in model.inputs] == [("x", (1, 4)), ("x#1", (3, 4))]
    model.close()
