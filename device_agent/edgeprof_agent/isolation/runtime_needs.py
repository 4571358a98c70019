"""What a runtime declares to need of the device, and the bounds within which a worker gets it.

A runtime is a package that the board's owner has installed; its models come from others. So a worker gets device nodes
of accelerators and folders for caches, and nothing that holds the system, other programs' data or the agent's own.
`edgeprof-agent doctor` shows what each runtime declares, and what it is refused.
"""

import dataclasses
import os
import re
from pathlib import Path

from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_proto.records.device import RuntimeNeeds

MAX_NEED_COUNT = 32
"""Device nodes, and folders, of one runtime at most."""

_NODE = re.compile(r"/dev(/[A-Za-z0-9_][A-Za-z0-9._:-]{0,63}){1,3}")

_REFUSED_NODES = re.compile(
    r"/dev/(mem|kmem|port|kmsg|kvm|fuse|tty.*|pts/.*|sd.*|hd.*|vd.*|xvd.*|nvme.*|mmcblk.*|mtd.*|loop.*|dm-.*|md.*|"
    r"mapper/.*|disk/.*|input/.*|snd/.*|video.*|hidraw.*|uinput|net/.*|vhost.*|watchdog.*|shm/.*)"
)
"""Memory, disks, terminals, cameras, keyboards and network devices."""

_SYSTEM_FOLDERS = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys"),
    *("/usr", "/system", "/vendor"),
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GrantedNeeds:
    """What a worker gets of what its runtime declares.

    Args:
        device_nodes: Device nodes that it may use.
        writable_folders: Folders into which it may write.
        refused: What it does not get, each with the reason.
    """

    device_nodes: tuple[str, ...] = ()
    writable_folders: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def grant_needs(needs: RuntimeNeeds | None, data_dir: Path) -> GrantedNeeds:
    """Decide what a worker gets of what its runtime declares.

    Args:
        needs: What the runtime declares; None for nothing.
        data_dir: The agent's folder, no part of which it gets.
    """
    if needs is None:
        return GrantedNeeds()
    refused, nodes, folders = [], [], []
    for node in needs.device_nodes[:MAX_NEED_COUNT]:
        if _NODE.fullmatch(node) is None or _REFUSED_NODES.fullmatch(node) is not None:
            refused.append(f"{node[:100]} (no device node of an accelerator)")
        else:
            nodes.append(node)
    for folder in needs.writable_folders[:MAX_NEED_COUNT]:
        if obstacle := _folder_obstacle(folder, data_dir):
            refused.append(f"{folder[:100]} ({obstacle})")
        else:
            folders.append(os.path.realpath(folder))
    return GrantedNeeds(device_nodes=tuple(nodes), writable_folders=tuple(folders), refused=tuple(refused))


def with_needs(plan: IsolationPlan, needs: RuntimeNeeds | None) -> IsolationPlan:
    """Return the plan of a worker with what its runtime needs, as far as that is granted.

    Args:
        plan: The plan of any worker.
        needs: What the runtime declares; None for nothing.
    """
    granted = grant_needs(needs, Path(plan.data_dir))
    writable_dirs = (*plan.writable_dirs, *granted.writable_folders)
    return dataclasses.replace(plan, device_nodes=granted.device_nodes, writable_dirs=writable_dirs)


def _folder_obstacle(folder: str, data_dir: Path) -> str:
    """Return why a worker may not write into a folder; empty where it may."""
    if not os.path.isabs(folder) or not os.path.isdir(folder):
        return "no folder that is there"
    path, own = Path(os.path.realpath(folder)), Path(os.path.realpath(data_dir))
    if path.is_relative_to(own) or own.is_relative_to(path):
        return "it holds data of the agent"
    if len(path.parts) < 3 or any(path.is_relative_to(part) for part in _SYSTEM_FOLDERS):
        return "it is a folder of the system"
    return ""
