"""What Android tells of a phone in its properties: maker, model, system on a chip, version."""

import subprocess
from pathlib import Path

from edgeprof_agent.conditions import SYSTEM_ROOT

GETPROP = "system/bin/getprop"

GETPROP_DURATION_S = 2.0
"""It answers in some milliseconds; one that hangs must not take the description with it."""


def read_property(name: str, root: Path = SYSTEM_ROOT) -> str | None:
    """Read a property of Android.

    Args:
        name: Name of the property, for example "ro.product.model".
        root: Root folder of the file tree to read.

    Returns:
        Its value; None where the system is no Android or does not tell it.
    """
    program = root / GETPROP
    if not program.is_file():
        return None
    try:
        asked = subprocess.run(
            (str(program), name),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GETPROP_DURATION_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.decode("utf-8", errors="replace").strip() or None


def read_phone_name(root: Path = SYSTEM_ROOT) -> str | None:
    """Read the name of a phone.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Maker and model, for example "Google Pixel 6"; None where the model is not reported.
    """
    model, maker = read_property("ro.product.model", root), read_property("ro.product.manufacturer", root)
    if model is None or maker is None or model.lower().startswith(maker.lower()):
        return model
    return f"{maker} {model}"


def read_soc_name(root: Path = SYSTEM_ROOT) -> str | None:
    """Read the name of a phone's system on a chip, which Android 12 and later tell.

    Args:
        root: Root folder of the file tree to read.

    Returns:
        Maker and model, for example "QTI SM8550"; None where the model is not reported.
    """
    model, maker = read_property("ro.soc.model", root), read_property("ro.soc.manufacturer", root)
    return model if model is None or maker is None else f"{maker} {model}"
