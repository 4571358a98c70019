"""A fingerprint of what runs a model: kernel, drivers, and the libraries of the engine that are loaded.

Where a model's nodes run may change with any of them. Few engines tell a driver's version, so the fingerprint is made
of what the kernel shows: its release, the versions of its modules, and size and time of every library in use.
"""

import hashlib
import os
from pathlib import Path

from edgeprof_agent.conditions import SYSTEM_ROOT, read_text

_DIGIT_COUNT = 16


def engine_fingerprint(driver_version: str | None = None, root: Path = SYSTEM_ROOT) -> str:
    """Return the fingerprint of what runs models in this process, once one is loaded.

    Args:
        driver_version: What the engine tells of its driver; None where it tells nothing.
        root: Root folder of the file tree to read.

    Returns:
        Hexadecimal digits that change when the kernel, a module of it, the driver or a library in use is replaced.
    """
    parts = [
        f"driver {driver_version or ''}",
        f"kernel {read_text(root / 'proc/sys/kernel/osrelease') or ''}",
        f"nvidia {read_text(root / 'proc/driver/nvidia/version') or ''}",
        *_modules(root),
        *_libraries(root),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGIT_COUNT]


def _modules(root: Path) -> list[str]:
    """Return each module of the kernel that tells its version."""
    versions = (
        (path, read_text(path)) for name in ("version", "srcversion") for path in root.glob(f"sys/module/*/{name}")
    )
    return sorted(f"module {path.parent.name} {path.name} {text}" for path, text in versions if text)


def _libraries(root: Path) -> list[str]:
    """Return each library that this process has loaded, with its size and the time of its last change."""
    libraries = set()
    for line in (read_text(root / "proc/self/maps") or "").splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6 and ".so" in fields[5]:
            libraries.add(fields[5])
    described = []
    for library in sorted(libraries):
        try:
            status = os.stat(root / library.lstrip("/"))
        except OSError:
            # Replaced while it was in use, which the name of the mapping tells as well.
            described.append(f"library {library}")
        else:
            described.append(f"library {library} {status.st_size} {status.st_mtime_ns}")
    return described
