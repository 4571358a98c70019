"""Which format the runtimes of edgeprof read."""

from collections.abc import Mapping

ONNX = "onnx"

MODEL_FORMATS: Mapping[str, str] = {"onnxruntime": ONNX, "simulated": ONNX}
"""Format by name of the runtime. A host checks a file for one of these before it uploads it; the agent asks the runtime
itself (`Runtime.model_format`), so that runtimes of other packages need no entry here."""
