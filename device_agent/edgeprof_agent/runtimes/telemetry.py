"""Switches the telemetry of engines off: measured models are nobody else's business, and a board stays as it was."""

import os
from collections.abc import Mapping

TELEMETRY_OFF: Mapping[str, str] = {
    # ONNX Runtime 1.29 and later; it writes an id and a database at import, before its own call could stop it.
    "ORT_DISABLE_TELEMETRY": "1",
    "ORT_TELEMETRY_DISABLED": "1",
    # OpenVINO's packages, Hugging Face's, and the sign that several others ask for.
    "OPENVINO_TELEMETRY_DISABLE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""Environment variables that engines read when they are loaded."""


def turn_telemetry_off() -> None:
    """Set the variables of this process. To be called before an engine is imported."""
    os.environ.update(TELEMETRY_OFF)
