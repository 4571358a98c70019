"""Resident memory of this process on the way to a result: before the engine, with it, with the model, and at its peak.

Read between the steps, never while a block runs.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path

from edgeprof_agent.conditions import SYSTEM_ROOT, read_peak_memory_bytes, read_resident_memory_bytes
from edgeprof_proto.records.measurement import MemoryUse

_RESET_PEAK = b"5"
"""Has the kernel take the resident memory of the moment for the peak so far; nothing else changes. Since Linux 4.0."""

_COUNTED_ROUGHLY_BYTES = 256 * 1024
"""The kernel adds up what each thread took in batches of some pages, so that its sums may lie so far beside."""


class MemoryWatch:
    """Notes the memory of this process, which measures one model or one after the other.

    Made before the process confines itself: afterwards it may not open what resets the peak.

    Args:
        root: Root folder of the file tree to read.
    """

    def __init__(self, root: Path = SYSTEM_ROOT) -> None:
        self._root = root
        try:
            self._reset_fd: int | None = os.open(root / "proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        except OSError:
            self._reset_fd = None
        self._has_engine = False
        self._earlier_peak_bytes = 0
        self._before_engine: int | None = None
        self._engine_loaded: int | None = None
        self._model_loaded: int | None = None
        self._is_peak_of_runs = False

    def note_before_engine(self) -> None:
        """Note the memory directly before the engine is loaded; of a series only the first time."""
        _return_freed_memory()
        self._before_engine = None if self._has_engine else self._resident_bytes()
        self._has_engine = True

    def note_engine(self) -> None:
        """Note the memory with the engine, directly before a model is loaded."""
        _return_freed_memory()
        self._engine_loaded = self._resident_bytes()

    def note_model(self) -> None:
        """Note the memory with the model, directly before its first run, and begin its peak anew."""
        self._model_loaded = self._resident_bytes()
        peak_bytes = self._peak_bytes() or 0
        self._earlier_peak_bytes = max(self._earlier_peak_bytes, peak_bytes)
        self._is_peak_of_runs = self._resets_peak() or peak_bytes - (self._model_loaded or 0) < _COUNTED_ROUGHLY_BYTES

    def use(self) -> MemoryUse | None:
        """Return the memory up to now, directly after the last run; None where none is reported."""
        peak_bytes = self._peak_bytes()
        is_of_runs = self._is_peak_of_runs or (peak_bytes or 0) > self._earlier_peak_bytes
        run_peak_bytes = peak_bytes if is_of_runs and self._model_loaded is not None else None
        use = MemoryUse(
            before_engine_bytes=self._before_engine,
            engine_loaded_bytes=self._engine_loaded,
            model_loaded_bytes=self._model_loaded,
            run_peak_bytes=run_peak_bytes,
        )
        return None if use == MemoryUse() else use

    def peak_bytes(self) -> int | None:
        """Return the peak of the process so far, in bytes; None where not reported."""
        peak_bytes = self._peak_bytes()
        return None if peak_bytes is None else max(peak_bytes, self._earlier_peak_bytes)

    def _resident_bytes(self) -> int | None:
        return read_resident_memory_bytes(self._root)

    def _peak_bytes(self) -> int | None:
        if sys.platform.startswith("linux") or self._root != SYSTEM_ROOT:
            return read_peak_memory_bytes(self._root)
        # Not on Linux, where it includes the memory of the process that started this one.
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    def _resets_peak(self) -> bool:
        """Reset the peak; return whether that had its effect, since some systems take the order and ignore it."""
        if self._reset_fd is None:
            return False
        try:
            os.write(self._reset_fd, _RESET_PEAK)
        except OSError:
            return False
        peak_bytes, resident_bytes = self._peak_bytes(), self._resident_bytes()
        if peak_bytes is None or resident_bytes is None:
            return False
        return peak_bytes - resident_bytes < _COUNTED_ROUGHLY_BYTES


def _return_freed_memory() -> None:
    """Return freed memory to the system, so that what comes next does not hide in it."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
