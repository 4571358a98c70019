"""TensorFlow Lite by the package tflite-runtime, for boards that have nothing newer.

Its last version, 2.14, is built against NumPy 1. Beside NumPy 2 it imports, and its interpreter then fails.
"""

from importlib import metadata
from typing import Any

from edgeprof_agent.errors import RuntimeNotFoundError
from edgeprof_agent.runtimes.message_line import one_line
from edgeprof_agent.runtimes.telemetry import turn_telemetry_off
from edgeprof_agent.runtimes.tflite_interpreter import TfliteInterpreterRuntime
from edgeprof_agent.runtimes.tflite_probe import MODEL

_REMEDY = (
    "install it into an environment of its own, with Python 3.9 to 3.11: pip install 'edgeprof[tflite]', and start the "
    "agent with --runtime-python tflite=/path/of/that/python; or use litert, the newer package"
)


class TfliteRuntime(TfliteInterpreterRuntime):
    """The runtime "tflite"."""

    name = "tflite"
    package = "tflite-runtime"

    def import_interpreter(self) -> Any:
        """Import `tflite_runtime.interpreter`, and make an interpreter, which needs NumPy."""
        turn_telemetry_off()
        try:
            import numpy
            from tflite_runtime import interpreter
        except ImportError as error:
            raise RuntimeNotFoundError(
                f"TensorFlow Lite cannot be imported ({one_line(str(error))}); {_REMEDY}"
            ) from error
        try:
            interpreter.Interpreter(model_content=MODEL)
        except Exception as error:
            raise RuntimeNotFoundError(
                f"tflite-runtime {self.package_version()} cannot work with NumPy {numpy.__version__} "
                f"({type(error).__name__}); {_REMEDY}"
            ) from error
        return interpreter

    def package_version(self) -> str:
        """Return the version of tflite-runtime."""
        try:
            return metadata.version(self.package)
        except metadata.PackageNotFoundError:
            return "of unknown version"
