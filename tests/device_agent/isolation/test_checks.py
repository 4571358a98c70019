import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation import checks
from edgeprof_agent.isolation.checks import isolation_checks
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.check import Check, CheckLevel

SYSTEM_PYTHON = "/usr/bin/python3"
"""A Python that every user may read, where this one may lie in root's folder."""

ROOMS = [str(Path(__file__).parents[3] / room) for room in ("proto", "device_agent")]

ASK = """
import json, os, sys
from pathlib import Path
user = int(sys.argv[2])
if user:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation.checks import isolation_checks
from edgeprof_proto.record_json import to_json
print(json.dumps([to_json(check) for check in isolation_checks(AgentConfig(data_dir=Path(sys.argv[1])))]))
"""

REFUSE_EVERYTHING = """
import sys
from edgeprof_agent.isolation import kernel

def refuse(*arguments):
    raise PermissionError(1, "Operation not permitted")

for name in ("prctl", "system_call", "unshare", "mount", "drop_capabilities"):
    setattr(kernel, name, refuse)
from edgeprof_agent.isolation import probe
sys.exit(probe.main())
"""


def by_name(found: tuple[Check, ...]) -> dict[str, Check]:
    assert len({check.name for check in found}) == len(found)
    assert all(check.remedy for check in found if check.level is not CheckLevel.GOOD)
    return {check.name: check for check in found}


def test_every_safeguard_is_told_and_tried_on_this_board(tmp_path: Path) -> None:
    found = by_name(isolation_checks(AgentConfig(data_dir=tmp_path)))
    assert set(found) == {
        *("worker network", "worker scratch folder", "worker limits", "worker memory", "worker user"),
        *("worker privileges", "worker end", "worker files", "worker system calls", "worker environment"),
        "worker trial",
    }
    for name in ("worker limits", "worker memory", "worker privileges", "worker environment", "worker end"):
        assert found[name].level is CheckLevel.GOOD, found[name]
    assert list(tmp_path.iterdir()) == []


def test_a_device_without_a_data_folder_is_checked_all_the_same(tmp_path: Path) -> None:
    assert "worker trial" in by_name(isolation_checks(AgentConfig(data_dir=tmp_path / "absent")))
    assert not (tmp_path / "absent").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(
    subprocess.run([SYSTEM_PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 10))"]).returncode != 0,
    reason="no Python that every user may read",
)
@pytest.mark.parametrize(("agent_user", "worker_user"), [(0, "is 64117"), (1234, "is the agent's, 1234")])
def test_agents_of_root_and_of_others_confine_their_workers(agent_user: int, worker_user: str) -> None:
    # Not in tmp_path, whose folders belong to this user alone.
    data_dir = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        os.chown(data_dir, agent_user, agent_user)
        asked = subprocess.run(
            [SYSTEM_PYTHON, "-c", ASK, str(data_dir), str(agent_user)],
            env={"PYTHONPATH": os.pathsep.join(ROOMS)},
            capture_output=True,
            text=True,
            check=True,
        )
        found = by_name(tuple(from_json(Check, check) for check in json.loads(asked.stdout)))
        assert worker_user in found["worker user"].finding
        assert found["worker user"].level is CheckLevel.GOOD
        assert found["worker limits"].level is CheckLevel.GOOD
        assert "worker model" not in found
    finally:
        data_dir.rmdir()


def test_board_that_allows_nothing_runs_workers_and_names_every_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "PROBE_COMMAND", (sys.executable, "-c", REFUSE_EVERYTHING))
    found = by_name(isolation_checks(AgentConfig(data_dir=tmp_path)))
    missing = {name for name, check in found.items() if check.level is CheckLevel.WARNING}
    assert missing >= {
        *("worker network", "worker scratch folder", "worker privileges", "worker end", "worker files"),
        *("worker system calls", "worker trial"),
    }
    assert "open a socket" in found["worker trial"].finding
    assert "landlock" in found["worker files"].remedy
    assert found["worker limits"].level is CheckLevel.GOOD


@pytest.mark.parametrize(
    ("program", "expected"), [("raise SystemExit('no luck')", "no luck"), ("print('[{}]')", "cannot be tried")]
)
def test_probe_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, expected: str) -> None:
    monkeypatch.setattr(checks, "PROBE_COMMAND", (sys.executable, "-c", program))
    *safeguards, check = isolation_checks(AgentConfig(data_dir=tmp_path))
    assert check.level is CheckLevel.TROUBLE and expected in check.finding and check.remedy
    assert "worker files" in by_name(tuple(safeguards)), "what was tried before is told all the same"


def test_probe_that_hangs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "PROBE_COMMAND", (sys.executable, "-c", "import signal; signal.pause()"))
    monkeypatch.setattr(checks, "PROBE_DURATION_S", 0.2)
    check = isolation_checks(AgentConfig(data_dir=tmp_path))[-1]
    assert check.level is CheckLevel.TROUBLE


def test_trial_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TRIAL_COMMAND", (sys.executable, "-c", "raise SystemExit('no luck')"))
    (check,) = isolation_checks(AgentConfig(data_dir=tmp_path))
    assert check.level is CheckLevel.TROUBLE and "no luck" in check.finding and check.remedy
