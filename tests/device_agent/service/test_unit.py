import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.service.unit import data_dir_of, unit_text

EXPOSURE_LIMIT = 3.5
"""systemd gives 3.2 of 10, most of it for the namespaces that lock workers up and for the network."""


def unit_of(*, is_system: bool, **environment: str) -> str:
    data_dir = Path("/var/lib/edgeprof-agent" if is_system else "/home/a b/100%")
    return unit_text(AgentConfig(data_dir=data_dir, host="::1", port=7), environment, is_system=is_system)


@pytest.mark.parametrize("is_system", [True, False])
def test_what_the_agent_is_told_stands_in_the_unit(is_system) -> None:
    unit = unit_of(is_system=is_system, EDGEPROF_AGENT_MODEL_BYTES='5 "', EDGEPROF_AGENT_LISTEN="x", SECRET="y")
    command = re.search("^ExecStart=(.*)$", unit, re.MULTILINE)[1]
    assert "-m edgeprof_agent serve --listen [::1]:7" in command
    data_dir = "/var/lib/edgeprof-agent" if is_system else '"/home/a b/100%%"'
    assert f"--data-dir {data_dir} --log-level INFO" in command
    assert re.findall("^Environment=(.*)$", unit, re.MULTILINE) == ['"EDGEPROF_AGENT_MODEL_BYTES=5 \\""']
    assert data_dir_of(unit) == Path("/var/lib/edgeprof-agent" if is_system else "/home/a b/100%")


def test_interpreters_of_runtimes_stand_in_the_command_line() -> None:
    config = AgentConfig(data_dir=Path("/var/lib/edgeprof-agent"), runtime_pythons="tflite=/usr/bin/env")
    unit = unit_text(config, {"EDGEPROF_AGENT_RUNTIME_PYTHONS": "tflite=/usr/bin/env"}, is_system=True)
    assert " --runtime-python=tflite=/usr/bin/env" in unit and "Environment=" not in unit


def test_an_agent_that_announces_itself_does_so_as_a_service_too() -> None:
    data_dir = Path("/var/lib/edgeprof-agent")
    assert " --announce" in unit_text(AgentConfig(data_dir=data_dir, announce=True), {}, is_system=True)
    assert "--announce" not in unit_text(AgentConfig(data_dir=data_dir), {}, is_system=True)


def test_a_unit_of_somebody_else_tells_no_data_folder() -> None:
    assert data_dir_of("[Service]\nExecStart=/bin/true\n") is None
    assert data_dir_of("no unit at all") is None


@pytest.mark.parametrize("is_system", [True, False])
def test_hardening_leaves_the_workers_isolation_and_the_readers_of_the_kernel_what_they_need(is_system) -> None:
    settings = {line for line in unit_of(is_system=is_system).splitlines() if not line.startswith("#")}
    names = {line.partition("=")[0] for line in settings}
    assert {"NoNewPrivileges=yes", "OOMPolicy=continue", "Type=notify", "KillMode=mixed"} <= settings
    # Namespaces, accelerators, compilers, /proc: each would be broken by one of these.
    assert not names & {"RestrictNamespaces", "PrivateDevices", "ProtectClock", "ProcSubset"}
    assert "Delegate" not in names, "the agent makes no control groups"
    assert "MemoryDenyWriteExecute" not in names
    (calls,) = [line for line in settings if line.startswith("SystemCallFilter=")]
    assert {"@mount", "seccomp", "landlock_restrict_self"} <= set(calls.split())
    assert ("DynamicUser=yes" in settings) is is_system


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("is_system", [True, False])
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path, is_system) -> None:
    path = tmp_path / "edgeprof-agent.service"
    path.write_text(unit_of(is_system=is_system))
    scope = () if is_system else ("--user",)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    verified = subprocess.run(
        ("systemd-analyze", "verify", *scope, path), capture_output=True, text=True, env=environment
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(("systemd-analyze", "security", "--offline=true", path), capture_output=True, text=True)
    exposure = float(re.search(r"exposure level.*: ([\d.]+)", judged.stdout)[1])
    assert exposure <= EXPOSURE_LIMIT or not is_system
