"""Bare loops of each engine: what a user writes who times a model without edgeprof.

Each function loads a model of fixed shapes with an engine and returns what runs it once.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[[], object]


def _inputs(sizes: list[tuple[int, ...]]) -> list[Any]:
    import numpy

    generator = numpy.random.default_rng(0)
    return [generator.standard_normal(shape).astype("float32") for shape in sizes]


def _onnxruntime(model: Path, thread_count: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    nodes = session.get_inputs()
    feeds = dict(zip((node.name for node in nodes), _inputs([tuple(node.shape) for node in nodes]), strict=True))
    return lambda: session.run(None, feeds)


def _openvino(model: Path, thread_count: int) -> Run:
    import openvino

    properties = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model, "CPU", {**properties, "INFERENCE_NUM_THREADS": thread_count})
    feeds = _inputs([tuple(node.shape) for node in compiled.inputs])
    return lambda: compiled(feeds)


def _tflite(interpreter_type: Any, model: Path, thread_count: int) -> Run:
    interpreter = interpreter_type(model_path=str(model), num_threads=thread_count)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()
    feeds = [item["index"] for item in details]
    values = _inputs([tuple(item["shape"]) for item in details])
    outputs = [item["index"] for item in interpreter.get_output_details()]

    def run() -> None:
        for index, value in zip(feeds, values, strict=True):
            interpreter.set_tensor(index, value)
        interpreter.invoke()
        for index in outputs:
            interpreter.get_tensor(index)

    return run


def _litert(model: Path, thread_count: int) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    return _tflite(Interpreter, model, thread_count)


def _tflite_runtime(model: Path, thread_count: int) -> Run:
    from tflite_runtime.interpreter import Interpreter

    return _tflite(Interpreter, model, thread_count)


def _ncnn(model: Path, thread_count: int) -> Run:
    import ncnn

    from edgeprof_agent.runtimes.ncnn_inputs import declared_inputs
    from edgeprof_agent.runtimes.ncnn_param import read_layers

    net = ncnn.Net()
    net.opt.num_threads = thread_count
    for name in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(net.opt, name, False)
    net.load_param(str(model))
    net.load_model(str(model.with_suffix(".bin")))
    declared = declared_inputs(read_layers(model))
    values = _inputs([value.dimensions for value in declared])
    feeds = [(value.name, ncnn.Mat(array)) for value, array in zip(declared, values, strict=True)]
    outputs = net.output_names()

    def run() -> None:
        extractor = net.create_extractor()
        for name, value in feeds:
            extractor.input(name, value)
        for name in outputs:
            extractor.extract(name)

    return run


BARE_LOOPS: dict[str, Callable[[Path, int], Run]] = {
    "litert": _litert,
    "ncnn": _ncnn,
    "onnxruntime": _onnxruntime,
    "openvino": _openvino,
    "tflite": _tflite_runtime,
}
"""Loops by the name of the runtime."""
