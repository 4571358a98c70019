"""Commands to the running agent over a Unix socket in the data folder, which only the folder's owner can open.

Each connection carries one request and its answers, as lines of JSON. A one-time code expires when the connection of
the command that shows it closes.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import AgentError, ControlError, PairingClosedError
from edgeprof_agent.trust.hosts import PairedHosts
from edgeprof_agent.trust.pairing_servicer import CODE_LIFETIME_S, PairingServicer

logger = logging.getLogger(__name__)

SOCKET_FILE = "control.sock"

_PATH_BYTES = 100
"""Longest path in bytes that fits into the address of a Unix socket."""

_ANSWER_TIMEOUT_S = 10.0
"""Longest wait for an answer, in seconds."""


@contextlib.asynccontextmanager
async def serving_commands(
    data_dir: Path,
    pairing: PairingServicer,
    hosts: PairedHosts,
    answer_others: Callable[[dict[str, Any]], Iterator[dict[str, Any]] | None] = lambda request: None,
) -> AsyncIterator[None]:
    """Answer commands inside the block.

    Args:
        data_dir: The agent's folder, whose lock this process holds.
        pairing: Pairs hosts.
        hosts: The paired hosts.
        answer_others: Returns the answers to a command that is neither about hosts nor pairing; None for unknown ones.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            try:
                request = json.loads(await reader.readline())
                if request["command"] == "pair":
                    await _pair(pairing, reader, writer)
                elif request["command"] == "revoke":
                    hosts.revoke(request["name"])
                    _send(writer, {"revoked": request["name"]})
                elif request["command"] == "trust":
                    _send(writer, {"trusted": hosts.add(request["name"], request["fingerprint"])})
                elif (answers := answer_others(request)) is not None:
                    for message in answers:
                        _send(writer, message)
                        await writer.drain()
                else:
                    raise ControlError(
                        "the running agent does not know this command, it may be an older version: restart it"
                    )
            except (AgentError, OSError) as error:
                _send(writer, {"error": str(error)})
            except (ValueError, TypeError, KeyError):
                _send(
                    writer,
                    {"error": "the running agent cannot read this command, it may be an older version: restart it"},
                )
            await writer.drain()

    path = data_dir / SOCKET_FILE
    try:
        listener = _listener(path)
    except OSError as error:
        # The agent still serves paired hosts without it.
        logger.warning("commands cannot reach this agent, %s cannot be created: %s", path, error.strerror)
        yield
        return
    server = await asyncio.start_unix_server(answer, sock=listener)
    try:
        yield
    finally:
        server.close()
        pairing.close()
        path.unlink(missing_ok=True)


def _listener(path: Path) -> socket.socket:
    """Return a socket at a path that only this user can connect to."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    # Before bind gives it a name, so that other users can never connect.
    os.fchmod(listener.fileno(), 0o600)
    with _short(path) as short_path:
        listener.bind(short_path)
    path.chmod(0o600)
    return listener


async def _pair(pairing: PairingServicer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    numbers = itertools.count()
    lock = asyncio.Lock()

    async def ask(question: dict[str, Any]) -> dict[str, Any]:
        # One question at a time: concurrent pairing attempts wait for each other for some milliseconds.
        async with lock:
            number = next(numbers)
            _send(writer, {"question": number, **question})
            try:
                # An answer to the question of a host that has disconnected is skipped.
                while (answer := await asyncio.wait_for(answers.get(), _ANSWER_TIMEOUT_S)).get("question") != number:
                    pass
                return answer
            except asyncio.TimeoutError:
                listening.cancel()
                raise PairingClosedError("the command that shows the code does not answer: run it again") from None

    async def listen() -> None:
        while line := await reader.readline():
            answers.put_nowait(json.loads(line))

    ended = pairing.open(ask)
    _send(writer, {"open": True})
    listening = asyncio.ensure_future(listen())
    either: set[asyncio.Future[Any]] = {ended, listening}
    try:
        await asyncio.wait(either, timeout=CODE_LIFETIME_S, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            raise PairingClosedError("no host has paired with this code in time: run `edgeprof-agent pair` again")
        if ended.cancelled():
            raise PairingClosedError("the code was replaced by a newer one, or the agent stopped")
        _send(writer, {"paired": ended.result()})
    finally:
        listening.cancel()
        # Ends this code only: a newer one that another command shows stays valid.
        ended.cancel()


def _send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    writer.write(json.dumps(message).encode() + b"\n")


class Command:
    """A command to the agent that uses a data folder, with its answers. A context manager.

    Args:
        data_dir: The agent's folder.
        request: The command.

    Raises:
        ControlError: If no agent uses the folder.
    """

    def __init__(self, data_dir: Path, request: dict[str, Any]) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(_ANSWER_TIMEOUT_S)
        try:
            with _short(data_dir.absolute() / SOCKET_FILE) as short_path:
                self._connection.connect(short_path)
        except OSError as error:
            self._connection.close()
            raise ControlError(
                f"no agent uses the data folder {data_dir} ({error.strerror}): start `edgeprof-agent serve`, or "
                "name another folder with --data-dir"
            ) from error
        self._lines = self._connection.makefile("rb")
        self.send(request)

    def __enter__(self) -> "Command":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._connection.close()

    def send(self, message: dict[str, Any]) -> None:
        """Send a message to the agent.

        Raises:
            ControlError: If the agent closed the connection.
        """
        with _breaking_off():
            self._connection.sendall(json.dumps(message).encode() + b"\n")

    def answers(self) -> Iterator[dict[str, Any]]:
        """Yield the agent's answers until it closes the connection.

        Raises:
            ControlError: If the agent refuses the command, breaks the connection, or does not answer.
        """
        with _breaking_off():
            for line in self._lines:
                message: dict[str, Any] = json.loads(line)
                if "error" in message:
                    raise ControlError(message["error"])
                # The next answer may come as late as the end of the code's lifetime.
                self._connection.settimeout(CODE_LIFETIME_S + _ANSWER_TIMEOUT_S)
                yield message


@contextlib.contextmanager
def _breaking_off() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise ControlError("the running agent does not answer") from error
    except OSError as error:
        raise ControlError("the running agent broke the connection") from error


@contextlib.contextmanager
def _short(path: Path) -> Iterator[str]:
    """Yield the path, or a shorter path to the same file that fits into the address of a socket."""
    if len(os.fsencode(path)) < _PATH_BYTES:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
