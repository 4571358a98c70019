"""The line between the agent and the command that shows a code."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from edgeprof_agent.control import SOCKET_FILE, serving_commands
from edgeprof_agent.data_dir import exclusive_data_dir
from edgeprof_agent.trust.hosts import PairedHosts
from edgeprof_agent.trust.pairing_servicer import PairingServicer


class RecordingPairing(PairingServicer):
    """Keeps what the command is asked with."""

    def open(self, ask: Any) -> "asyncio.Future[str]":
        self.ask = ask
        return super().open(ask)


def test_answer_for_a_host_that_has_left_is_not_taken_for_the_next_ones() -> None:
    async def run(folder: Path) -> None:
        hosts = PairedHosts(folder)
        pairing = RecordingPairing(hosts, device_fingerprint="a" * 64, device_id="d")
        async with serving_commands(folder, pairing, hosts):
            reader, writer = await asyncio.open_unix_connection(folder / SOCKET_FILE)
            writer.write(b'{"command": "pair"}\n')
            assert json.loads(await reader.readline()) == {"open": True}
            left = asyncio.ensure_future(pairing.ask({"proof": "of who leaves"}))
            first = json.loads(await reader.readline())
            left.cancel()
            with pytest.raises(asyncio.CancelledError):
                await left
            next_one = asyncio.ensure_future(pairing.ask({"proof": "of the next"}))
            second = json.loads(await reader.readline())
            for question, answer in ((first, {"proof": "accepted"}), (second, {})):
                writer.write(json.dumps({"question": question["question"], **answer}).encode() + b"\n")
            assert "proof" not in await next_one
            writer.close()

    with tempfile.TemporaryDirectory() as path, exclusive_data_dir(Path(path)) as folder:
        asyncio.run(run(folder))


@pytest.mark.parametrize(
    "request_line",
    [b"rubbish\n", b"[]\n", b'{"command": "fly"}\n', b'{"command": "revoke"}\n', b'{"command": "trust"}\n', b"\n"],
)
def test_command_that_is_not_understood_is_answered_in_one_sentence(request_line) -> None:
    async def run(folder: Path) -> None:
        hosts = PairedHosts(folder)
        pairing = PairingServicer(hosts, device_fingerprint=None, device_id="d")
        async with serving_commands(folder, pairing, hosts):
            reader, writer = await asyncio.open_unix_connection(folder / SOCKET_FILE)
            writer.write(request_line)
            assert "restart it" in json.loads(await reader.readline())["error"]
            writer.close()

    with tempfile.TemporaryDirectory() as path, exclusive_data_dir(Path(path)) as folder:
        asyncio.run(run(folder))


def test_running_agent_pairs_a_host_by_its_fingerprint() -> None:
    async def run(folder: Path) -> None:
        hosts = PairedHosts(folder)
        pairing = PairingServicer(hosts, device_fingerprint="a" * 64, device_id="d")
        async with serving_commands(folder, pairing, hosts):
            for fingerprint, expected in (("b" * 64, "trusted"), ("b" * 63, "error")):
                reader, writer = await asyncio.open_unix_connection(folder / SOCKET_FILE)
                request = {"command": "trust", "name": "laptop", "fingerprint": fingerprint}
                writer.write(json.dumps(request).encode() + b"\n")
                assert expected in json.loads(await reader.readline())
                writer.close()
        assert "b" * 64 in hosts
        assert "b" * 63 not in hosts

    with tempfile.TemporaryDirectory() as path, exclusive_data_dir(Path(path)) as folder:
        asyncio.run(run(folder))


def test_folder_with_a_long_path_takes_commands(tmp_path) -> None:
    async def run(folder: Path) -> None:
        hosts = PairedHosts(folder)
        async with serving_commands(folder, PairingServicer(hosts, device_fingerprint=None, device_id="d"), hosts):
            mode = (folder / SOCKET_FILE).stat().st_mode
            assert mode & 0o777 == 0o600

    with exclusive_data_dir(tmp_path / ("long" * 40)) as folder:
        asyncio.run(run(folder))
