"""The files that a worker may read besides its model: Python, libraries, drivers, accelerators, kernel state."""

import contextlib
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from edgeprof_agent.isolation.plan import IsolationPlan

_SYSTEM_PATHS = (
    *("/usr", "/lib", "/lib32", "/lib64", "/opt", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/alternatives", "/etc/OpenCL", "/etc/vulkan", "/etc/localtime"),
    *("/etc/nv_tegra_release", "/etc/os-release"),
    # Android.
    *("/system", "/vendor", "/apex", "/linkerconfig", "/data/data/com.termux/files/usr"),
    *("/proc", "/sys"),
)
"""Read by Python, libraries, drivers, and the readers of the device's state."""

_DEVICE_PATTERNS = (
    *("null", "zero", "full", "random", "urandom"),
    # Accelerators: graphics, NVIDIA, AMD, Mali, Adreno, Coral, Hailo, Vivante, Rockchip and Qualcomm.
    *("dri", "nvidia*", "nvmap", "nvhost*", "nvgpu", "kfd", "mali*", "kgsl-3d*", "apex_*", "hailo*", "galcore"),
    *("accel", "rknpu*", "dma_heap", "ion", "adsprpc-smd*", "fastrpc*"),
)


def device_paths() -> list[Path]:
    """Return the device files that a worker may use: accelerators, and those without state such as /dev/null."""
    return [path for pattern in _DEVICE_PATTERNS for path in Path("/dev").glob(pattern)]


def system_paths(plan: IsolationPlan) -> list[Path]:
    """Return the paths of Python, libraries and kernel state, without the agent's data folder where it is inside one.

    Args:
        plan: The plan of the worker.
    """
    paths = dict.fromkeys([*(Path(os.path.realpath(path)) for path in _SYSTEM_PATHS), *_python_paths()])
    data_dir = Path(os.path.realpath(plan.data_dir))
    return [*(part for path in paths for part in parts_without(data_dir, path)), *installed_within(plan)]


def _python_paths() -> list[Path]:
    return [Path(os.path.realpath(path)) for path in (sys.prefix, sys.base_prefix, *sys.path) if path]


def installed_within(plan: IsolationPlan) -> list[Path]:
    """Return the paths of Python and its packages that are inside the agent's data folder.

    Args:
        plan: The plan of the worker.
    """
    data_dir, scratch = (Path(os.path.realpath(path)) for path in (plan.data_dir, plan.scratch_dir))
    within = (path for path in _python_paths() if path != data_dir and path.is_relative_to(data_dir))
    return [path for path in within if not path.is_relative_to(scratch) and not scratch.is_relative_to(path)]


def parts_without(excluded: Path, path: Path) -> Iterable[Path]:
    """Yield paths that together cover a folder except for one folder inside it.

    Args:
        excluded: The folder to leave out.
        path: The folder to cover.
    """
    if path.is_relative_to(excluded):
        return
    if not excluded.is_relative_to(path):
        yield path
        return
    with contextlib.suppress(OSError):
        for part in path.iterdir():
            # A link may lead back into the excluded folder.
            if part.is_symlink():
                continue
            yield from parts_without(excluded, part)


def user_obstacle(plan: IsolationPlan, paths: Iterable[Path]) -> str:
    """Return why this process cannot run as another user; empty where it can.

    Args:
        plan: The plan of the worker.
        paths: What the other user must be able to read.
    """
    if plan.user_id is None or os.geteuid() != 0:
        return ""
    for path in filter(Path.exists, paths):
        for folder in (path, *path.parents):
            if folder.is_dir() and not folder.stat().st_mode & stat.S_IXOTH:
                return f"only root may read {folder}, beneath which Python or edgeprof is installed"
    return ""
