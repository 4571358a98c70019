"""How a host reaches agents that are paired, not paired, changed, or silent; and its file of pairings."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from edgeprof.devices.channel import open_channel
from edgeprof.devices.pairings import forget_device, make_key, read_pairings, remember_device
from edgeprof.errors import AgentUnavailableError, DeviceChangedError, NotPairedError, PairingFileError
from edgeprof_proto.shared.trust import OPEN_ISSUER_PEM, KeyPair, make_device_key

DEVICE = make_device_key("device")


@pytest.fixture(autouse=True)
def pairings(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEPROF_PAIRINGS", str(tmp_path / "folder" / "pairings.json"))
    return tmp_path / "folder" / "pairings.json"


def server_with(identity: KeyPair | None) -> tuple[grpc.Server, str]:
    server = grpc.server(ThreadPoolExecutor(1))
    if identity is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        pair = (identity.private_key_pem, identity.certificate_pem)
        credentials = grpc.ssl_server_credentials([pair], OPEN_ISSUER_PEM, require_client_auth=True)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    return server, f"127.0.0.1:{port}"


@pytest.fixture
def device() -> Iterator[str]:
    server, address = server_with(DEVICE)
    yield address
    server.stop(None).wait()


@pytest.fixture
def plain() -> Iterator[str]:
    server, address = server_with(None)
    yield address
    server.stop(None).wait()


def connects(address: str) -> bool:
    with open_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=10)
        except grpc.FutureTimeoutError:
            return False
        return True


def test_device_that_is_not_paired_is_refused(device) -> None:
    with pytest.raises(NotPairedError, match="edgeprof pair"):
        open_channel(device)


def test_paired_device_is_reached_also_at_another_address(device) -> None:
    make_key()
    remember_device("board:1", DEVICE.certificate_pem)
    assert connects(device)


def test_other_device_at_the_address_of_a_paired_one_is_refused(device) -> None:
    make_key()
    remember_device(device, make_device_key("device").certificate_pem)
    with pytest.raises(DeviceChangedError, match="another certificate"):
        open_channel(device)


def test_plain_agent_at_the_address_of_a_paired_device_is_refused_until_that_is_forgotten(plain) -> None:
    make_key()
    remember_device(plain, DEVICE.certificate_pem)
    with pytest.raises(DeviceChangedError, match="no encryption"):
        open_channel(plain)
    assert forget_device(plain)
    assert not forget_device(plain)
    assert connects(plain)


def test_plain_agent_beyond_loopback_is_refused(plain, monkeypatch) -> None:
    monkeypatch.setattr("edgeprof.devices.channel._is_loopback", lambda address: False)
    with pytest.raises(NotPairedError, match="loopback alone"):
        open_channel(plain)


def test_silent_address_beyond_loopback_is_no_reason_to_go_on_without_encryption(monkeypatch) -> None:
    monkeypatch.setattr("edgeprof.devices.channel._is_loopback", lambda address: False)
    with pytest.raises(AgentUnavailableError):
        open_channel("127.0.0.1:1")


def test_key_is_made_once_and_its_file_is_its_owners_whatever_the_mask(pairings) -> None:
    mask = os.umask(0)
    try:
        key = make_key()
        remember_device("board:1", DEVICE.certificate_pem)
    finally:
        os.umask(mask)
    assert make_key() == read_pairings().key == key
    assert stat.S_IMODE(pairings.stat().st_mode) == 0o600
    assert sorted(os.listdir(pairings.parent)) == ["pairings.json", "pairings.json.lock"]


@pytest.mark.parametrize(
    ("old", "new"),
    [("{", ""), ('"schema_version": 1', '"schema_version": 2'), ("MI", "XX"), ("devices", "device"), ("1", "[" * 9999)],
)
def test_damaged_file_of_pairings_is_refused_in_one_sentence(pairings, old, new) -> None:
    make_key()
    pairings.write_text(pairings.read_text().replace(old, new))
    command = [sys.executable, "-m", "edgeprof", "pair", "127.0.0.1:1", "--forget"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert str(pairings) in done.stderr


def test_file_of_pairings_that_others_may_read_is_refused(pairings) -> None:
    make_key()
    pairings.chmod(0o644)
    with pytest.raises(PairingFileError, match="chmod 600"):
        read_pairings()
