"""LiteRT: `.tflite` models with the interpreter of the package ai-edge-litert."""

from importlib import metadata
from typing import Any

from edgeprof_agent.errors import RuntimeNotFoundError
from edgeprof_agent.runtimes.telemetry import turn_telemetry_off
from edgeprof_agent.runtimes.tflite_interpreter import TfliteInterpreterRuntime


class LiteRt(TfliteInterpreterRuntime):
    """The runtime "litert"."""

    name = "litert"
    package = "ai-edge-litert"

    def import_interpreter(self) -> Any:
        """Import `ai_edge_litert.interpreter`."""
        turn_telemetry_off()
        try:
            import numpy  # noqa: F401 - only to report that it is missing
            from ai_edge_litert import interpreter
        except ImportError as error:
            raise RuntimeNotFoundError(
                f"LiteRT cannot be imported ({error}); install it with: pip install 'edgeprof[litert]'"
            ) from error
        return interpreter

    def package_version(self) -> str:
        """Return the version of ai-edge-litert."""
        return metadata.version(self.package)
