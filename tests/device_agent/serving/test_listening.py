"""Why an agent cannot listen: each reason of the system has its sentence."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.listening import reason_not_to_listen
from edgeprof_proto.version import VERSION

FIRST_FREE_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")

AS_NOBODY = """
import encodings.idna, os  # nobody may not read where Python is
from pathlib import Path
from edgeprof_agent.config import AgentConfig
from edgeprof_agent.listening import reason_not_to_listen
os.getuid() or os.setuid(65_534)
print(reason_not_to_listen(AgentConfig(data_dir=Path('/x'), port=7)))
"""


def reason(host: str, port: int, tmp_path: Path) -> str:
    return reason_not_to_listen(AgentConfig(data_dir=tmp_path, host=host, port=port))


def test_a_port_that_is_in_use_blames_another_program(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert "another program" in reason("127.0.0.1", other.getsockname()[1], tmp_path)


def test_a_port_for_root_does_not(tmp_path: Path) -> None:
    first = int(FIRST_FREE_PORT.read_text()) if FIRST_FREE_PORT.exists() else 1024
    assert first > 7, "this system lets everybody have every port"
    said = subprocess.run([sys.executable, "-c", AS_NOBODY], capture_output=True, text=True, timeout=120).stdout
    assert "root only" in said
    assert "another program" not in said


def test_an_address_of_no_interface_and_a_name_without_address_are_told_apart(tmp_path: Path) -> None:
    assert "no interface" in reason("192.0.2.1", 0, tmp_path)
    assert "no IP address" in reason("nosuch.invalid", 0, tmp_path)


@pytest.mark.parametrize("prefix", [[], ["serve"]])
def test_agent_tells_its_version(prefix: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edgeprof_agent", *prefix, "--version"],
        capture_output=True, text=True, timeout=120, env=os.environ.copy(),
    )  # fmt: skip
    assert (VERSION in done.stdout) == (prefix == [])
