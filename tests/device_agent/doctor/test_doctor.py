import json
import os
import socket
import subprocess
import sys

import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.doctor.clock import check_clock, check_clock_source
from edgeprof_agent.doctor.examination import CHECK_GROUPS, examine
from edgeprof_agent.doctor.network import check_address
from edgeprof_agent.doctor.service import check_service
from edgeprof_agent.doctor.software import check_python, check_runtimes
from edgeprof_agent.service.unit import UNIT_NAME
from edgeprof_proto.records.check import Check, CheckLevel
from edgeprof_proto.records.device import RuntimeInfo

COMMAND = (sys.executable, "-m", "edgeprof_agent", "doctor", "--runtime", "onnxruntime")


def doctor(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **variables}
    return subprocess.run((*COMMAND, *arguments), capture_output=True, text=True, env=environment)


def test_command_prints_every_check_once_and_is_content_where_nothing_is_in_trouble(tmp_path) -> None:
    answer = doctor("--json", "--data-dir", str(tmp_path), "--listen", "127.0.0.1:0")
    levels = {check["name"]: check["level"] for check in json.loads(answer.stdout)}
    assert len(levels) == len(json.loads(answer.stdout)) >= 15
    assert answer.returncode == int("trouble" in levels.values())
    assert levels["data folder"] == levels["address"] == "good"


def test_command_tells_trouble_with_what_to_do_and_by_its_exit_status(tmp_path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"rubbish" * 1000)
    answer = doctor("--data-dir", str(tmp_path))
    assert answer.returncode == 1
    told = answer.stdout.splitlines()
    (line,) = [number for number, text in enumerate(told) if text.startswith("trouble      journal: ")]
    assert told[line + 1].startswith("             -> stop the agent, move the file away")


def test_a_check_that_fails_itself_hides_no_other(tmp_path) -> None:
    def ill_checks(config: AgentConfig) -> tuple[Check, ...]:
        raise RuntimeError("no")

    def fine_checks(config: AgentConfig) -> tuple[Check, ...]:
        return (Check(name="fine", level=CheckLevel.GOOD, finding="yes"),)

    ill, fine = examine(AgentConfig(data_dir=tmp_path), (ill_checks, fine_checks))
    assert (ill.level, "RuntimeError: no" in ill.finding, fine.name) == (CheckLevel.NOT_REPORTED, True, "fine")
    assert all(group.__name__.endswith("_checks") for group in CHECK_GROUPS)


@pytest.mark.parametrize(
    ("is_agent_running", "answers", "level", "words"),
    [
        (True, True, "good", "an agent runs"),
        (True, False, "trouble", "nothing answers"),
        (False, True, "trouble", "another program"),
        (False, False, "warning", "no agent runs"),
    ],
)
def test_address_is_judged_together_with_the_lock(is_agent_running, answers, level, words) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if answers:
            other.listen()
        found = check_address("127.0.0.1", other.getsockname()[1], is_agent_running=is_agent_running)
    assert (found.level, words in found.finding) == (level, True)


def test_any_port_is_always_free() -> None:
    assert check_address("127.0.0.1", 0, is_agent_running=False).level == "good"


@pytest.mark.parametrize(("version", "level"), [((3, 9), "warning"), ((3, 11), "good"), ((3, 15), "warning")])
def test_python_is_one_that_is_tested(version, level) -> None:
    assert check_python(version).level == level


def test_without_a_runtime_that_is_real_there_is_trouble() -> None:
    simulated = RuntimeInfo(name="simulated", version="1")
    absent = RuntimeInfo(name="onnxruntime", unavailable_reason="no module")
    found = check_runtimes((absent, simulated))
    assert (found.level, "onnxruntime: no module" in found.finding) == ("trouble", True)
    assert check_runtimes((simulated, RuntimeInfo(name="tflite", version="2"))).finding == "tflite 2"


def test_clock_that_stands_before_what_was_written_is_trouble() -> None:
    assert check_clock(1_000.0, [1_700_000_000.0]).level == "trouble"
    assert "1970-01-01" in check_clock(1_000.0, [1_700_000_000.0]).finding
    assert check_clock(1_700_000_000.0, [1_700_000_030.0, 5.0]).level == "good"
    assert check_clock(1_700_000_000.0, []).level == "good"


def test_clock_source_is_what_systemd_tells(write_tree) -> None:
    assert check_clock_source(write_tree({})).level == "not_reported"
    assert check_clock_source(write_tree({"run/systemd/timesync/clock": ""})).level == "warning"
    assert check_clock_source(write_tree({"run/systemd/timesync/synchronized": ""})).level == "good"


@pytest.mark.parametrize(
    ("state", "is_system", "lingers", "level", "words"),
    [
        ("active", True, False, "good", "active"),
        ("active", False, True, "good", "active"),
        ("active", False, False, "warning", "logged in"),
        ("failed", True, False, "trouble", "failed"),
        (None, True, False, "warning", "not a service"),
    ],
)
def test_service_is_judged_by_what_systemd_says(fake_system, state, is_system, lingers, level, words) -> None:
    home = fake_system.home(is_system=is_system)
    if state is not None:
        home.unit_path.parent.mkdir(parents=True)
        home.unit_path.touch()
        fake_system.answer(f"is-active {UNIT_NAME}", state)
    fake_system.answer("Linger", "yes" if lingers else "no")
    found = check_service([home])
    assert (found.level, words in found.finding) == (level, True)


def test_without_systemd_the_service_is_not_reported(fake_system) -> None:
    (fake_system.root / "run/systemd/system").rmdir()
    assert check_service([fake_system.home(is_system=True)]).level == "not_reported"
