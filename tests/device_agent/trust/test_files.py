"""The files of trust on the device: who may read them, and what becomes of damaged ones."""

import os
import stat
import subprocess
import sys

import pytest

from edgeprof_agent.data_dir import exclusive_data_dir
from edgeprof_agent.errors import InvalidRequestError
from edgeprof_agent.trust.hosts import PairedHosts, read_hosts
from edgeprof_agent.trust.identity import make_identity, read_identity
from edgeprof_proto.shared.trust import make_device_key


def edgeprof_agent(data_dir, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edgeprof_agent", *arguments, "--data-dir", str(data_dir)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def assert_one_sentence(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert all(word in done.stderr for word in words)


def test_files_are_readable_by_their_owner_only_whatever_the_mask(tmp_path) -> None:
    mask = os.umask(0)
    try:
        make_identity(tmp_path / "agent")
        with exclusive_data_dir(tmp_path / "agent") as folder:
            PairedHosts(folder).add("host", "a" * 64)
    finally:
        os.umask(mask)
    for name in ("device.key", "device.crt", "hosts.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def test_identity_is_made_once(tmp_path) -> None:
    first = make_identity(tmp_path)
    assert make_identity(tmp_path) == first
    with exclusive_data_dir(tmp_path) as folder:
        assert read_identity(folder) == first
    assert "PRIVATE" not in repr(first)


def test_key_that_a_power_cut_left_without_certificate_is_replaced(tmp_path) -> None:
    make_identity(tmp_path)
    (tmp_path / "device.crt").unlink()
    assert_one_sentence(edgeprof_agent(tmp_path, "serve", "--listen", "127.0.0.1:0"), "device.crt", "init")
    assert edgeprof_agent(tmp_path, "init").returncode == 0
    assert read_identity(tmp_path) is not None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("device.key", b"rubbish"),
        ("device.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        ("device.key", make_device_key("another").private_key_pem),
        ("device.crt", b""),
        ("device.crt", b"\xff\x00"),
        ("device.crt", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("hosts.json", b"{"),
        ("hosts.json", b'{"schema_version": 1, "hosts": [{"name": "a"}]}'),
        ("hosts.json", b'{"schema_version": 1, "hosts": [{"name": "a", "fingerprint": "b", "paired_time": ""}]}'),
        ("hosts.json", b"[" * 100_000),
    ],
    ids=range(10),
)
def test_damaged_file_is_refused_in_one_sentence(tmp_path, name, content) -> None:
    make_identity(tmp_path)
    (tmp_path / name).write_bytes(content)
    assert_one_sentence(edgeprof_agent(tmp_path, "serve", "--listen", "127.0.0.1:0"), name, "pair")


def test_damaged_hosts_file_is_refused_when_it_is_listed(tmp_path) -> None:
    (tmp_path / "hosts.json").write_bytes(b"rubbish")
    assert_one_sentence(edgeprof_agent(tmp_path, "hosts"), "hosts.json")


def test_key_that_others_may_read_is_refused(tmp_path) -> None:
    make_identity(tmp_path)
    (tmp_path / "device.key").chmod(0o640)
    assert_one_sentence(edgeprof_agent(tmp_path, "serve", "--listen", "127.0.0.1:0"), "device.key", "chmod 600")


def test_revoking_works_without_an_agent(tmp_path) -> None:
    with exclusive_data_dir(tmp_path) as folder:
        PairedHosts(folder).add("host", "a" * 64)
    assert edgeprof_agent(tmp_path, "hosts", "--revoke", "host").returncode == 0
    assert read_hosts(tmp_path) == []
    assert_one_sentence(edgeprof_agent(tmp_path, "hosts", "--revoke", "host"), "'host'")


def test_pair_without_an_agent_says_so(tmp_path) -> None:
    assert_one_sentence(edgeprof_agent(tmp_path, "pair"), "serve")


def test_two_hosts_of_one_name_are_told_apart_and_one_host_has_one_entry(tmp_path) -> None:
    with exclusive_data_dir(tmp_path) as folder:
        hosts = PairedHosts(folder)
        assert [hosts.add("host", digit * 64) for digit in "aba"] == ["host", "host-2", "host"]
        assert len(read_hosts(folder)) == 2


@pytest.mark.parametrize("name", ["", "a b", "a\x1b[2J", "ä", "a" * 65])
def test_name_that_could_deceive_on_a_terminal_is_refused(tmp_path, name) -> None:
    with exclusive_data_dir(tmp_path) as folder, pytest.raises(InvalidRequestError):
        PairedHosts(folder).add(name, "a" * 64)


def test_owner_pairs_a_host_by_its_fingerprint_while_no_agent_runs(tmp_path) -> None:
    done = edgeprof_agent(tmp_path, "hosts", "--trust", "A" * 64, "--name", "laptop")
    assert_one_sentence(done, "no certificate", "init")
    certificate = make_identity(tmp_path).certificate_pem.decode()
    for again in range(2):
        done = edgeprof_agent(tmp_path, "hosts", "--trust", "A" * 64, "--name", "laptop")
        assert (done.returncode, done.stdout) == (0, certificate), again
    assert [(host.name, host.fingerprint) for host in read_hosts(tmp_path)] == [("laptop", "a" * 64)]
    for wrong in (("abc", "laptop"), ("a" * 64, "lap top")):
        assert_one_sentence(edgeprof_agent(tmp_path, "hosts", "--trust", wrong[0], "--name", wrong[1]))
    assert len(read_hosts(tmp_path)) == 1
