"""Proxies that the environment names get no call: they would see models in clear, and reach no board in the net."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from edgeprof.devices.channel import open_channel, secure_channel
from edgeprof.devices.pairing import pair
from edgeprof.devices.pairings import remember_device
from edgeprof.errors import PairingRefusedError
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.shared.trust import make_device_key, make_host_key

VARIABLES = ("http_proxy", "https_proxy", "grpc_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

pytestmark = pytest.mark.timeout(600)


class ConnectProxy:
    """A proxy that answers CONNECT, connects as asked, and keeps what it is sent."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.seen.append(request := client.recv(65_536))
        host, _, port = request.split()[1].decode().rpartition(":")
        with contextlib.suppress(OSError), client, socket.create_connection((host, int(port))) as device:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            threading.Thread(target=self._pass_on, args=(device, client), daemon=True).start()
            self._pass_on(client, device)

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := source.recv(65_536):
                self.seen.append(block)
                sink.sendall(block)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ConnectProxy]:
    proxy = ConnectProxy()
    for name in ("no_proxy", "no_grpc_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in VARIABLES:
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("EDGEPROF_PAIRINGS", str(tmp_path / "pairings.json"))
    yield proxy
    proxy.close()


def test_the_proxy_of_this_test_sees_what_another_program_sends(proxy: ConnectProxy, tmp_path: Path) -> None:
    device = SimulatedDevice(tmp_path)
    device.start()
    with grpc.insecure_channel(device.address) as channel:
        grpc.channel_ready_future(channel).result(timeout=60)
    device.stop()
    assert any(block.startswith(b"CONNECT") for block in proxy.seen)


def test_commands_go_straight_to_an_agent_on_loopback(proxy: ConnectProxy, tmp_path: Path) -> None:
    device = SimulatedDevice(tmp_path)
    device.start()
    environment = {**os.environ, "EDGEPROF_STORE": str(tmp_path / "store.sqlite3")}
    for verb in ("doctor", "devices"):
        done = subprocess.run(
            [sys.executable, "-m", "edgeprof", verb, device.address],
            capture_output=True, text=True, timeout=300, env=environment,
        )  # fmt: skip
        assert "another program" not in done.stdout
        assert device.address in done.stdout or "answers" in done.stdout
    device.stop()
    assert proxy.seen == []


def test_pairing_and_calls_over_tls_go_straight_too(proxy: ConnectProxy, tmp_path: Path) -> None:
    agent = [sys.executable, "-m", "edgeprof_agent"]
    environment = {**os.environ, "EDGEPROF_AGENT_DATA_DIR": str(tmp_path / "agent")}
    subprocess.run([*agent, "init"], env=environment, check=True, timeout=120)
    serve = [*agent, "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with pytest.raises(Exception) as refused:
            # No code is shown: the agent itself refuses, so the call has arrived.
            pair(address, "00000000")
        assert "edgeprof-agent pair" in str(refused.value) or isinstance(refused.value, PairingRefusedError)
        with contextlib.closing(secure_channel(address, make_host_key(), (tmp_path / "agent/device.crt").read_bytes())):
            pass
        remember_device(address, (tmp_path / "agent/device.crt").read_bytes())
        with open_channel(address) as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
        process.terminate()
    assert proxy.seen == []


def test_a_host_called_as_a_scheme_of_grpc_is_a_host() -> None:
    # `unix:80` without a scheme would be a socket in the working folder.
    key, device = make_host_key(), make_device_key("device")
    with (
        secure_channel("unix:80", key, device.certificate_pem) as channel,
        pytest.raises(grpc.RpcError) as failed,
    ):
        channel.unary_unary("/x/y")(b"", timeout=20)
    assert "80" in str(failed.value)
    assert "unix:80" in str(failed.value) or "DNS" in str(failed.value) or "resol" in str(failed.value)
