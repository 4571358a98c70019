"""What a worker may use, as the agent tells it: bounds, folders, the user it becomes, the variables it sees."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.conditions import read_memory_bytes
from edgeprof_agent.config import MIB, AgentConfig

SIMULATION_VARIABLE = "EDGEPROF_SIMULATION"
"""Names the configuration of the simulated device, which keeps its state beside it."""

SCRATCH_PATH = "/proc/self/cwd"
"""What a worker calls its scratch folder: true for every user, also where the folders above may not be walked."""

TASK_COUNT = 256
"""Threads of a worker at most."""

OPEN_FILE_COUNT = 1_024

FILE_BYTES = 64 * MIB
"""Size of one file that a worker writes, and of all together where its scratch folder is in memory."""

_NEEDED_VARIABLES = (
    # Where Python and its packages are.
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    # Where libraries are, on Jetson, Termux and others whose linker is not told otherwise.
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "ANDROID_ROOT",
    "ANDROID_DATA",
    "LANG",
    SIMULATION_VARIABLE,
)

_MEMORY_SHARE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationPlan:
    """What one worker may use.

    Args:
        data_dir: The agent's folder, which the worker must not see.
        scratch_dir: Folder in which it runs and writes.
        writable_dirs: Folders beside it that it may write.
        memory_bytes: Memory it may take.
        processor_s: Time on processors it may take, all cores together, in seconds.
        task_count: Threads it may have.
        open_file_count: Files it may have open.
        file_bytes: Size of a file that it may write.
        user_id: User and group that it becomes where the agent runs as root; None to stay as it is.
    """

    data_dir: str
    scratch_dir: str
    writable_dirs: tuple[str, ...]
    memory_bytes: int
    processor_s: int
    task_count: int = TASK_COUNT
    open_file_count: int = OPEN_FILE_COUNT
    file_bytes: int = FILE_BYTES
    user_id: int | None = None


def plan_isolation(config: AgentConfig, scratch_dir: Path, environment: Mapping[str, str]) -> IsolationPlan:
    """Tell what a worker may use.

    Args:
        config: The agent's configuration.
        scratch_dir: Folder in which the worker runs.
        environment: The agent's environment.

    Returns:
        The plan. A simulated device stays with the agent's user, since its state belongs to that.
    """
    simulation = environment.get(SIMULATION_VARIABLE)
    is_root = os.geteuid() == 0
    return IsolationPlan(
        data_dir=str(config.data_dir.absolute()),
        scratch_dir=str(scratch_dir),
        writable_dirs=(str(Path(simulation).absolute().parent),) if simulation else (),
        memory_bytes=worker_memory_bytes(config),
        processor_s=int(config.job_duration_s * (os.cpu_count() or 1)) + 10,
        user_id=config.worker_user_id if is_root and not simulation else None,
    )


def worker_memory_bytes(config: AgentConfig) -> int:
    """Return the memory that a worker may take: as configured, or else three quarters of the board's."""
    return config.worker_memory_bytes or int(_MEMORY_SHARE * (read_memory_bytes("MemTotal") or 1024 * MIB))


def worker_environment(config: AgentConfig, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a worker sees: none but those that Python, libraries and the device's owner need.

    Args:
        config: The agent's configuration.
        environment: The agent's environment.
    """
    names = (*_NEEDED_VARIABLES, *filter(None, (name.strip() for name in config.worker_variables.split(","))))
    kept = {name: environment[name] for name in names if name in environment}
    return {**kept, "HOME": SCRATCH_PATH, "TMPDIR": SCRATCH_PATH}
