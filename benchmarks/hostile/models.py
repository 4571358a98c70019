"""Mutated models: uploaded, run by the real ONNX Runtime in a worker, and how their jobs end."""

import collections
import contextlib
import itertools
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from workload import BRIEF_PLAN, small_model

import edgeprof
from edgeprof.errors import EdgeprofError, RemoteError
from edgeprof_proto.records.job import Failure
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.records.measurement import Measurement
from hostile.mutation import mutate_bytes, mutate_fields

SETTING = Setting(runtime="onnxruntime")

UNNAMED_REASONS = ("ERROR_REASON_UNSPECIFIED", "ERROR_REASON_INTERNAL")


def seed_models(folder: Path) -> list[onnx.ModelProto]:
    """Make valid models that between them use what a model file can hold."""
    return [
        onnx.load(str(small_model(folder / "dense.onnx"))),
        _model([helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])], [1, 3, 8, 8], w=(4, 3, 3, 3)),
        _model([helper.make_node("Softmax", ["x"], ["y"], axis=1)], [1, 16]),
        _model([helper.make_node("Reshape", ["x", "s"], ["y"])], [1, 16], s=np.array([4, 4], np.int64)),
        _model([helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2])], [1, 2, 8, 8]),
        _model([_condition()], [1, 4], c=np.array(True)),
        _model([_loop()], [1, 4], trips=np.array(3, np.int64), c=np.array(True)),
    ]


def mutated_models(folder: Path, *, seed: int) -> Iterator[bytes]:
    """Yield mutated models without end: a third by bytes, a third by fields, a third by the meaning of a graph."""
    random_ = random.Random(seed)
    seeds = seed_models(folder)
    serialised = [model.SerializeToString() for model in seeds]
    for model, way in itertools.cycle(itertools.product(seeds, ("bytes", "fields", "graph"))):
        if way == "bytes":
            yield mutate_bytes(model.SerializeToString(), serialised, random_) or b"\0"
            continue
        mutant = onnx.ModelProto()
        mutant.CopyFrom(model)
        if way == "fields":
            mutate_fields(mutant, random_)
        else:
            for _ in range(random_.randint(1, 2)):
                random_.choice(_GRAPH_MUTATIONS)(mutant, random_)
        yield mutant.SerializeToString() or b"\0"


class ModelRunner:
    """Uploads models, runs each as a job and counts how the jobs end. Close it as a context manager does.

    Args:
        address: Address of the agent.
    """

    def __init__(self, address: str) -> None:
        self.endings: collections.Counter[str] = collections.Counter()
        self.offences: list[dict[str, str]] = []
        self._client = edgeprof.connect(address)

    def __enter__(self) -> "ModelRunner":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run(self, model: bytes) -> None:
        """Run one model to the end of its job."""
        try:
            # Past the host's own check, which refuses most of them before an upload.
            spec = JobSpec(model_sha256=self._client.upload_content(model), setting=SETTING, plan=BRIEF_PLAN)
            job = self._client.create_job(uuid.uuid4().hex, spec)
            with contextlib.closing(self._client.watch_job(job.job_id)) as events:
                found = [event.event for event in events if isinstance(event.event, Measurement | Failure)]
            failure = next((item for item in found if isinstance(item, Failure)), None)
            ending, said = ("measured", "") if failure is None else (failure.reason, failure.message)
            self._client.acknowledge((job.job_id,))
        except RemoteError as error:
            ending, said = error.reason or type(error).__name__, str(error)
        except EdgeprofError as error:
            ending, said = f"NOT NAMED {type(error).__name__}", str(error)
        if ending in UNNAMED_REASONS or ending.startswith("NOT NAMED"):
            self.offences.append({"ending": ending, "said": said, "model_hex": model[:100_000].hex()})
        self.endings[ending] += 1


def _model(nodes: list[Any], shape: list[int], **constants: Any) -> onnx.ModelProto:
    arrays = {
        name: value if isinstance(value, np.ndarray) else np.ones(value, np.float32)
        for name, value in constants.items()
    }
    graph = helper.make_graph(
        nodes,
        "seed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])


def _condition() -> Any:
    branches = {
        name: helper.make_graph(
            [helper.make_node(operator, ["x"], [f"{operator}_y"])],
            name,
            [],
            [helper.make_tensor_value_info(f"{operator}_y", TensorProto.FLOAT, None)],
        )
        for name, operator in (("then_branch", "Relu"), ("else_branch", "Neg"))
    }
    return helper.make_node("If", ["c"], ["y"], **branches)


def _loop() -> Any:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["still"]), helper.make_node("Exp", ["old"], ["new"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("old", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("new", TensorProto.FLOAT, None),
        ],
    )
    return helper.make_node("Loop", ["trips", "c", "x"], ["y"], body=body)


def _huge_input(model: onnx.ModelProto, random_: random.Random) -> None:
    for item in model.graph.input:
        for dim in item.type.tensor_type.shape.dim:
            dim.dim_value = random_.choice((0, -1, 1, 2**16, 2**31, 2**62))


def _huge_initializer(model: onnx.ModelProto, random_: random.Random) -> None:
    for item in model.graph.initializer:
        item.dims[:] = [random_.choice((0, -1, 2**20, 2**40, 2**62)) for _ in range(random_.randint(0, 5))]


def _external_data(model: onnx.ModelProto, random_: random.Random) -> None:
    for item in model.graph.initializer:
        item.ClearField("raw_data")
        item.data_location = TensorProto.EXTERNAL
        location = random_.choice(("/etc/passwd", "../../journal.sqlite3", "/dev/zero", "/proc/self/mem", "x" * 5000))
        for key, value in (("location", location), ("offset", "0"), ("length", str(2 ** random_.randint(0, 62)))):
            item.external_data.add(key=key, value=value)


def _cycle(model: onnx.ModelProto, random_: random.Random) -> None:
    node = random_.choice(model.graph.node)
    node.input[0] = node.output[0]


def _unknown_operator(model: onnx.ModelProto, random_: random.Random) -> None:
    node = random_.choice(model.graph.node)
    node.op_type = random_.choice(("", "Nope", "a" * 10_000, "\0", "MatMul", "Loop", "Einsum", "Tile", "Range"))
    node.domain = random_.choice(("", "com.microsoft", "ai.onnx.ml", "evil", "../lib.so"))


def _opset(model: onnx.ModelProto, random_: random.Random) -> None:
    model.opset_import[0].version = random_.choice((0, -1, 1, 99, 2**31, 2**63 - 1))
    model.ir_version = random_.choice((0, 1, 3, 99, 2**63 - 1, model.ir_version))


def _types(model: onnx.ModelProto, random_: random.Random) -> None:
    for item in model.graph.input:
        item.type.tensor_type.elem_type = random_.choice((0, 1, 8, 9, 10, 16, 22, 99, 2**31 - 1))


def _attributes(model: onnx.ModelProto, random_: random.Random) -> None:
    for attribute in random_.choice(model.graph.node).attribute:
        attribute.i = random_.choice((0, -1, 2**31, 2**63 - 1, -(2**63)))
        attribute.ints[:] = [random_.choice((0, -1, 2**31, 2**63 - 1)) for _ in attribute.ints]


def _deep(model: onnx.ModelProto, random_: random.Random) -> None:
    for _ in range(random_.choice((3, 20, 40))):
        inner = onnx.GraphProto()
        inner.CopyFrom(model.graph)
        del model.graph.node[:]
        condition = model.graph.initializer.add()
        condition.CopyFrom(numpy_helper.from_array(np.array(True), "deep"))
        model.graph.node.add().CopyFrom(
            helper.make_node("If", ["deep"], ["y"], then_branch=inner, else_branch=inner)
            if inner.ByteSize() < 2**16
            else helper.make_node("Identity", ["x"], ["y"])
        )


def _endless(model: onnx.ModelProto, _: random.Random) -> None:
    for item in model.graph.initializer:
        if item.name == "trips":
            item.CopyFrom(numpy_helper.from_array(np.array(2**62, np.int64), "trips"))


def _chain(model: onnx.ModelProto, random_: random.Random) -> None:
    count = random_.choice((10, 3_000))
    last = "x"
    for index in range(count):
        model.graph.node.add().CopyFrom(helper.make_node("Relu", [last], [last := f"chain{index}"]))
    model.graph.output.add().CopyFrom(helper.make_tensor_value_info(last, TensorProto.FLOAT, None))


_GRAPH_MUTATIONS: tuple[Callable[[onnx.ModelProto, random.Random], None], ...] = (
    *(_huge_input, _huge_initializer, _external_data, _cycle, _unknown_operator, _opset, _types, _attributes),
    *(_deep, _endless, _chain),
)
