"""Addresses of agents: host, agent and pairing read them by one parser, and refuse others in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import edgeprof
from edgeprof.devices.channel import fetch_certificate, open_channel
from edgeprof.devices.doctor import diagnose
from edgeprof.errors import EdgeprofError
from edgeprof_agent.config import parse_address as parse_listen
from edgeprof_agent.errors import ConfigError
from edgeprof_proto.shared.address import AddressError, is_loopback, join_address, parse_address

GOOD = {
    "127.0.0.1:20763": ("127.0.0.1", 20763),
    "board:1": ("board", 1),
    "board.local.:65535": ("board.local.", 65535),
    "my_board-2.lan:7": ("my_board-2.lan", 7),
    "[::1]:7": ("::1", 7),
    "[fe80::1%eth0]:7": ("fe80::1%eth0", 7),
}

BAD = (
    *("", "foo", ":1", "board:", "board:foo", "127.0.0.1", "[]:1", "::1:1", "[::1]", "[board]:1", "[::1]:", "a:b:1"),
    *("127.0.0.1:65536", "127.0.0.1:86299", "127.0.0.1:4294988059", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:1_0"),
    *(
        "board..local:1",
        ".board:1",
        "-board:1",
        "board-:1",
        f"{'a' * 64}:1",
        f"{'a.' * 130}a:1",
        "bo ard:1",
        "bo/ard:1",
    ),
    *(" board:1", "board:1\n", "127.1:1", "1.2.3:1", "256.1.1.1:1", "1.2.3.4.5:1", "[1.2.3.4]:1", "[::1%]:1"),
    *("http://board:1", "user@board:1", "bücher:1", "board:٣", "board:1/path", "board:" + "9" * 5_000),
)


@pytest.mark.parametrize("text", GOOD)
def test_an_address_is_read_and_written_alike(text: str) -> None:
    assert parse_address(text) == parse_listen(text) == GOOD[text]
    assert join_address(*GOOD[text]) == text


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused_in_one_sentence_before_anything_is_sent(text: str) -> None:
    for parse in (parse_address, parse_listen, fetch_certificate, open_channel, edgeprof.connect, edgeprof.pair):
        with pytest.raises((AddressError, ConfigError, EdgeprofError), match="HOST:PORT") as refused:
            parse(text, *(["000000"] if parse is edgeprof.pair else []))  # type: ignore[operator]
        assert len(str(refused.value)) < 600
    (check,) = diagnose(text)
    assert "HOST:PORT" in check.finding


def test_port_0_is_one_to_listen_on_only() -> None:
    assert parse_listen("127.0.0.1:0") == ("127.0.0.1", 0)
    with pytest.raises(EdgeprofError, match="1 to 65535"):
        edgeprof.connect("127.0.0.1:0")


def test_loopback_is_told_by_the_host() -> None:
    assert all(map(is_loopback, ("localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("board", "0.0.0.0", "::", "127.0.0.1.example", "::2", "10.0.0.1")))


@pytest.mark.parametrize("address", ["127.0.0.1:86299", "board..local:1", "foo"])
def test_commands_of_both_ends_say_one_sentence(address: str, tmp_path: Path) -> None:
    environment = {**os.environ, "EDGEPROF_STORE": str(tmp_path / "store.sqlite3")}
    host = subprocess.run(
        [sys.executable, "-m", "edgeprof", "devices", address],
        capture_output=True, text=True, timeout=300, env=environment,
    )  # fmt: skip
    assert (host.returncode, host.stderr.count("\n")) == (1, 1)
    agent = subprocess.run(
        [sys.executable, "-m", "edgeprof_agent", "serve", "--listen", address],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert agent.returncode == 2
    assert "HOST:PORT" in host.stderr and "HOST:PORT" in agent.stderr
    assert "Traceback" not in host.stderr + agent.stderr
