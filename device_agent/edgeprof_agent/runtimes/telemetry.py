"""Switches the telemetry of engines off: measured models are nobody else's business, and a board stays as it was."""

import os
import sys
from collections.abc import Mapping

TELEMETRY_OFF: Mapping[str, str] = {
    # ONNX Runtime 1.29 and later; it writes an id and a database at import, before its own call could stop it.
    "ORT_DISABLE_TELEMETRY": "1",
    "ORT_TELEMETRY_DISABLED": "1",
    # Hugging Face's, and the sign that several others ask for.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""Environment variables that engines read when they are loaded."""


TELEMETRY_PACKAGES = ("openvino_telemetry",)
"""Packages that only send telemetry, and that obey no variable. OpenVINO does without where this one is missing."""


def turn_telemetry_off() -> None:
    """Set the variables of this process, and keep it from importing the packages. To be called before an engine is."""
    os.environ.update(TELEMETRY_OFF)
    for name in TELEMETRY_PACKAGES:
        # Python then says that there is no such package.
        sys.modules[name] = None  # type: ignore[assignment]
