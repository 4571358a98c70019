"""A runtime gets the device nodes and folders that it declares, within bounds that the board's owner sees."""

from pathlib import Path

import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.doctor.software import check_needs
from edgeprof_agent.isolation.plan import plan_isolation
from edgeprof_agent.isolation.runtime_needs import grant_needs, with_needs
from edgeprof_proto.records.check import CheckLevel
from edgeprof_proto.records.device import RuntimeInfo, RuntimeNeeds


@pytest.mark.parametrize(
    "node", ["/dev/mem", "/dev/sda1", "/dev/../etc/shadow", "/etc/passwd", "/dev/input/event0", "/dev/video0", "apex_0"]
)
def test_what_is_no_accelerator_is_not_granted(node: str, tmp_path: Path) -> None:
    granted = grant_needs(RuntimeNeeds(device_nodes=(node, "/dev/apex_0")), tmp_path)
    assert granted.device_nodes == ("/dev/apex_0",)
    assert granted.refused[0].startswith(node)


def test_a_folder_is_granted_unless_it_is_the_systems_or_the_agents(tmp_path: Path) -> None:
    cache, data_dir = tmp_path / "cache", tmp_path / "agent"
    for folder in (cache, data_dir / "models"):
        folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(data_dir / "models")
    wanted = (str(cache), str(data_dir / "models"), str(tmp_path), str(tmp_path / "link"), "/", "/etc", "/usr/lib", "x")
    granted = grant_needs(RuntimeNeeds(writable_folders=(*wanted, str(tmp_path / "absent"))), data_dir)
    assert granted.writable_folders == (str(cache),)
    assert len(granted.refused) == 8


def test_the_plan_of_a_worker_holds_what_its_runtime_needs(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    plan = plan_isolation(AgentConfig(data_dir=tmp_path / "agent"), tmp_path / "agent" / "scratch", {})
    needs = RuntimeNeeds(device_nodes=("/dev/apex_0",), writable_folders=(str(tmp_path / "cache"),))
    found = with_needs(plan, needs)
    assert found.device_nodes == ("/dev/apex_0",)
    assert found.writable_dirs == (str(tmp_path / "cache"),)
    assert with_needs(plan, None) == plan


def test_the_owner_sees_what_a_runtime_needs_and_what_it_does_not_get(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    good = RuntimeNeeds(device_nodes=("/dev/null",), writable_folders=(str(tmp_path / "cache"),), memory_bytes=2**26)
    check = check_needs([RuntimeInfo(name="npu", version="1", needs=good)], tmp_path / "agent")
    assert (check.level, check.remedy) == (CheckLevel.GOOD, "")
    assert check.finding == f"npu uses /dev/null, writes into {tmp_path / 'cache'}, takes 64 MiB beside the model"
    bad = RuntimeNeeds(device_nodes=("/dev/sda", "/dev/no-such-accelerator"))
    check = check_needs([RuntimeInfo(name="npu", version="1", needs=bad)], tmp_path / "agent")
    assert check.level is CheckLevel.WARNING and check.remedy
    assert "npu does not get /dev/sda (no device node of an accelerator)" in check.finding
    assert "npu does not get /dev/no-such-accelerator (not there)" in check.finding
