"""The host's handle on the process that converts networks (`converter_process.py`)."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from edgeprof.errors import ExportError, NetworkSourceError, OutputFileError
from edgeprof.exporters.conversion import Conversion
from edgeprof.exporters.user_modules import ExportedModule, ModuleConversion

CONVERSION_TIMEOUT_S = 300.0
"""Longest wait for one conversion: the slowest converter takes half a minute for a network, its import included."""

STOP_TIMEOUT_S = 5.0
"""The process ends as soon as its stdin is closed; then it is killed."""

READ_BYTES = 65_536

LAST_WORDS_LENGTH = 300
"""Letters that a message quotes of what a process printed last."""

AnyConversion: TypeAlias = Conversion | ModuleConversion

_ERROR_TYPES = {error.__name__: error for error in (NetworkSourceError, OutputFileError)}
"""Errors of the process by name; any other one is an `ExportError`."""


class ConverterProcess:
    """The process, and what it was asked for. Close it.

    Args:
        folder: The folder of models.
        timeout_s: Longest wait for one conversion, in seconds.
    """

    def __init__(self, folder: Path, *, timeout_s: float = CONVERSION_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._log: TextIO = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - until `close`
        self._pending: deque[AnyConversion] = deque()
        self._answers: dict[AnyConversion, dict[str, Any]] = {}
        self._unread = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "edgeprof.exporters.converter_process", os.fspath(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # The other cores are left to what is measured on this machine, if anything is.
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            # Ctrl-C in the terminal must reach the host alone, which then ends this process.
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._requests, self._replies = self._process.stdin, self._process.stdout

    @property
    def has_ended(self) -> bool:
        """Whether the process is no longer there."""
        return self._process.poll() is not None

    @property
    def pending_count(self) -> int:
        """Conversions that are not answered yet."""
        while self._pending and self._is_readable(0.0) and self._receive():
            pass
        return len(self._pending)

    def request(self, conversion: AnyConversion) -> None:
        """Ask for a conversion, unless that was done already."""
        if conversion in self._pending or conversion in self._answers:
            return
        self._pending.append(conversion)
        # Where the process has ended, that is seen when the answer is waited for.
        with contextlib.suppress(BrokenPipeError):
            self._requests.write(json.dumps(asdict(conversion)).encode() + b"\n")
            self._requests.flush()

    def result(self, conversion: AnyConversion) -> ExportedModule:
        """Wait for a conversion and return what came of it; a network of a space is told by its files alone.

        Raises:
            ExportError: If it failed, or the process ended or does not answer; it is no longer there then.
            NetworkSourceError: If the source of a user's module gives none.
            OutputFileError: If its files cannot be kept.
        """
        self.request(conversion)
        while conversion not in self._answers:
            if not self._is_readable(self._timeout_s):
                self.close()
                raise ExportError(
                    f"{conversion.exporter} has not converted {self._pending[0].network} in "
                    f"{self._timeout_s:.0f} s; its process was ended"
                )
            if not self._receive():
                raise self._crash()
        answer = self._answers.pop(conversion)
        if "error" in answer:
            raise _ERROR_TYPES.get(answer["error"], ExportError)(answer["message"])
        inputs = answer.get("inputs")
        return ExportedModule(
            files=tuple(Path(name) for name in answer["files"]),
            input_names=tuple(answer.get("input_names", ())),
            inputs=None if inputs is None else Path(inputs),
        )

    def close(self) -> None:
        """End the process, also within a conversion."""
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._replies.close()
        self._log.close()

    def _is_readable(self, timeout_s: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._replies, selectors.EVENT_READ)
            return bool(selector.select(timeout_s))

    def _receive(self) -> bool:
        """Take what the process has sent; False where it has ended."""
        content = os.read(self._replies.fileno(), READ_BYTES)
        *lines, self._unread = (self._unread + content).split(b"\n")
        for line in lines:
            # Answers come in the order of the requests.
            self._answers[self._pending.popleft()] = json.loads(line)
        return bool(content)

    def _crash(self) -> ExportError:
        conversion, status = self._pending[0], self._process.wait()
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        if status == -signal.SIGKILL:
            how += ", probably for want of memory"
        self._log.seek(0)
        printed = self._log.read().strip().splitlines()
        last_words = f": {printed[-1][:LAST_WORDS_LENGTH]}" if printed else ""
        self.close()
        return ExportError(
            f"the process that converts networks ended {how} at {conversion.network} for {conversion.exporter}"
            f"{last_words}"
        )


@dataclass(slots=True)
class _Shared:
    """The process of a folder, for all links to it in this one."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    process: ConverterProcess | None = None
    link_count: int = 0


_SHARED: dict[Path, _Shared] = {}
_SHARED_LOCK = threading.Lock()


class ConverterLink:
    """The process of a folder: started when it is first needed, and anew where it has ended. Close it.

    All links to a folder share one process, which converts one network at a time: what is done on twenty devices at
    once must not import twenty converters.

    Args:
        folder: The folder of models.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shared: _Shared | None = None

    def result(self, conversion: AnyConversion) -> ExportedModule:
        """Wait for a conversion and return what came of it, as `ConverterProcess` does.

        What another thread waits for comes first.
        """
        shared = self._opened()
        with shared.lock:
            return self._running(shared).result(conversion)

    def prepare(self, conversions: Iterable[AnyConversion], *, max_ahead_count: int) -> None:
        """Start the process, and let it convert the first of these while the caller does something else.

        Args:
            conversions: What will be needed next, in this order.
            max_ahead_count: Conversions that may wait at the process.
        """
        shared = self._opened()
        # Another thread that waits for the process has the lock for seconds, and its conversion comes first anyway.
        if not shared.lock.acquire(blocking=False):
            return
        try:
            process = self._running(shared)
            for conversion in conversions:
                if process.pending_count >= max_ahead_count:
                    return
                process.request(conversion)
        finally:
            shared.lock.release()

    def close(self) -> None:
        """Give the process up; the last of its links ends it."""
        with _SHARED_LOCK:
            shared, self._shared = self._shared, None
            if shared is None:
                return
            shared.link_count -= 1
            if shared.link_count:
                return
            del _SHARED[self._folder]
        if shared.process is not None:
            shared.process.close()

    def _opened(self) -> _Shared:
        with _SHARED_LOCK:
            if self._shared is None:
                self._shared = _SHARED.setdefault(self._folder, _Shared())
                self._shared.link_count += 1
            return self._shared

    def _running(self, shared: _Shared) -> ConverterProcess:
        if shared.process is not None and shared.process.has_ended:
            shared.process.close()
            shared.process = None
        if shared.process is None:
            shared.process = ConverterProcess(self._folder)
        return shared.process
