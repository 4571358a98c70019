"""Memory for a worker, swap, and the limits of control groups on memory and CPU time."""

from pathlib import Path

from edgeprof_agent.conditions import SYSTEM_ROOT, read_memory_bytes, read_text
from edgeprof_agent.config import MIB, AgentConfig
from edgeprof_proto.records.check import Check, CheckLevel

WORKER_BYTES = 128 * MIB
"""Memory of a worker with ONNX Runtime and a small network; 69 MiB of it without the network."""


def memory_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check memory, swap and the limits of the control group."""
    return (check_memory(), check_swap(), check_processor_quota(), check_memory_limit())


def check_memory(root: Path = SYSTEM_ROOT) -> Check:
    """Check that a worker fits into the memory that is free."""
    free, name = read_memory_bytes("MemAvailable", root), "memory"
    if free is None:
        return Check(name=name, level=CheckLevel.NOT_REPORTED, finding="not reported")
    finding = f"{free // MIB} MiB are available, a worker takes {WORKER_BYTES // MIB} MiB or more"
    if free >= 2 * WORKER_BYTES:
        return Check(name=name, level=CheckLevel.GOOD, finding=finding)
    level = CheckLevel.WARNING if free >= WORKER_BYTES else CheckLevel.TROUBLE
    return Check(name=name, level=level, finding=finding, remedy="stop what else runs on the board, the desktop first")


def check_swap(root: Path = SYSTEM_ROOT) -> Check:
    """Check that no memory is swapped out: swapping it in again slows runs."""
    total, free, name = read_memory_bytes("SwapTotal", root), read_memory_bytes("SwapFree", root), "swap"
    if total is None or free is None:
        return Check(name=name, level=CheckLevel.NOT_REPORTED, finding="not reported")
    if total == free:
        return Check(name=name, level=CheckLevel.GOOD, finding="none is in use")
    return Check(
        name=name,
        level=CheckLevel.WARNING,
        finding=f"{(total - free) // MIB} MiB are swapped out, which slows runs at random",
        remedy="free some memory, then `sudo swapoff --all` for the time of measuring",
    )


def check_processor_quota(root: Path = SYSTEM_ROOT) -> Check:
    """Check that no control group limits CPU time, which would pause runs."""
    name, limits, folders = "processor quota", [], _control_groups(root)
    if not folders:
        return Check(name=name, level=CheckLevel.NOT_REPORTED, finding="the system has no control groups of version 2")
    for folder in folders:
        quota, _, period = (read_text(folder / "cpu.max") or "").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            limits.append(int(quota) / int(period))
    if not limits:
        return Check(name=name, level=CheckLevel.GOOD, finding="no control group limits the processor")
    return Check(
        name=name,
        level=CheckLevel.WARNING,
        finding=f"a control group allows {min(limits):g} cores and pauses runs that use more",
        remedy="remove the limit: CPUQuota= of the unit, --cpus of the container",
    )


def check_memory_limit(root: Path = SYSTEM_ROOT) -> Check:
    """Check that a worker fits into the memory limits of the control groups."""
    name, limits, folders = "memory limit", [], _control_groups(root)
    if not folders:
        return Check(name=name, level=CheckLevel.NOT_REPORTED, finding="the system has no control groups of version 2")
    for folder in folders:
        limit = read_text(folder / "memory.max") or ""
        if limit.isdecimal():
            limits.append(int(limit))
    if not limits:
        return Check(name=name, level=CheckLevel.GOOD, finding="no control group limits memory")
    finding = f"a control group allows {min(limits) // MIB} MiB"
    if min(limits) >= 2 * WORKER_BYTES:
        return Check(name=name, level=CheckLevel.GOOD, finding=finding)
    remedy = "raise it: MemoryMax= of the unit, --memory of the container"
    return Check(name=name, level=CheckLevel.TROUBLE, finding=finding, remedy=remedy)


def _control_groups(root: Path) -> list[Path]:
    """Return the folders of this process's control group and of its parents."""
    lines = (read_text(root / "proc/self/cgroup") or "").splitlines()
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if path is None:
        return []
    top = root / "sys/fs/cgroup"
    folder = top / path
    return [folder, *folder.parents[: len(folder.parts) - len(top.parts)]]
