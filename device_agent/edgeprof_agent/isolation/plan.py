"""The limits of a worker: memory, CPU time, files, folders, its user, its environment variables."""

import os
import site
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof_agent.conditions import read_memory_bytes
from edgeprof_agent.config import MIB, AgentConfig

SIMULATION_VARIABLE = "EDGEPROF_SIMULATION"
"""Environment variable with the configuration file of the simulated device, whose state is kept beside that file."""

TFLITE_DELEGATES_VARIABLE = "EDGEPROF_AGENT_TFLITE_DELEGATES"
"""Environment variable in which the board's owner names delegates; see `runtimes/tflite_delegates.py`."""

SCRATCH_PATH = "/proc/self/cwd"
"""Path of the scratch folder inside a worker; valid for every user, also without access to the parent folders."""

TASK_COUNT = 256
"""Threads of a worker at most."""

OPEN_FILE_COUNT = 1_024

FILE_BYTES = 64 * MIB
"""Size of one file at most, in bytes, and of all files together where the scratch folder is in memory."""

_NEEDED_VARIABLES = (
    # Where Python and its packages are.
    "PYTHONPATH",
    "PYTHONHOME",
    "VIRTUAL_ENV",
    # Paths of libraries, needed on Jetson, Termux and others without an entry in the linker's configuration.
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "ANDROID_ROOT",
    "ANDROID_DATA",
    "LANG",
    SIMULATION_VARIABLE,
    TFLITE_DELEGATES_VARIABLE,
)

_MEMORY_SHARE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationPlan:
    """The limits of one worker.

    Args:
        data_dir: The agent's folder, which the worker must not read.
        scratch_dir: Working folder, which it may write.
        writable_dirs: Other folders that it may write.
        memory_bytes: Memory at most, in bytes.
        processor_s: CPU time at most, over all cores, in seconds.
        task_count: Threads at most.
        open_file_count: Open files at most.
        file_bytes: Size of a file at most, in bytes.
        user_id: User and group id of the worker where the agent runs as root; None to keep those of the agent.
        device_nodes: Device nodes that it may use besides those of known accelerators.
        unusable: Safeguards that must not be tried, since the system would end the process: the reason by the name
            (`safeguards.py`).
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
    device_nodes: tuple[str, ...] = ()
    unusable: Mapping[str, str] = field(default_factory=dict)


def plan_isolation(config: AgentConfig, scratch_dir: Path, environment: Mapping[str, str]) -> IsolationPlan:
    """Return the limits of a worker.

    Args:
        config: The agent's configuration.
        scratch_dir: Folder in which the worker runs.
        environment: The agent's environment.

    Returns:
        The plan. A worker of a simulated device keeps the agent's user, which owns the state of the device.
    """
    simulation = environment.get(SIMULATION_VARIABLE)
    is_root = os.geteuid() == 0
    return IsolationPlan(
        data_dir=str(config.data_dir.absolute()),
        scratch_dir=str(scratch_dir),
        writable_dirs=(str(Path(simulation).absolute().parent),) if simulation else (),
        memory_bytes=worker_memory_bytes(config),
        processor_s=int(config.job_duration_s * (os.cpu_count() or 1)) + 10,
        # Twice what a setting may ask for: engines have threads of their own beside it.
        task_count=max(TASK_COUNT, 2 * (config.thread_count or os.cpu_count() or 1)),
        user_id=config.worker_user_id if is_root and not simulation else None,
    )


def worker_memory_bytes(config: AgentConfig, *, addressable_bytes: int = sys.maxsize) -> int:
    """Return the memory of a worker at most: as configured, or else three quarters of the device's memory.

    Args:
        config: The agent's configuration.
        addressable_bytes: What a process of this system can address: a 32-bit one less than a large board has.

    Returns:
        The memory in bytes.
    """
    memory_bytes = config.worker_memory_bytes or int(_MEMORY_SHARE * (read_memory_bytes("MemTotal") or 1024 * MIB))
    return min(memory_bytes, addressable_bytes)


def worker_environment(config: AgentConfig, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a worker: those of Python, of libraries, and those from the configuration.

    Args:
        config: The agent's configuration.
        environment: The agent's environment.
    """
    names = (*_NEEDED_VARIABLES, *filter(None, (name.strip() for name in config.worker_variables.split(","))))
    kept = {name: environment[name] for name in names if name in environment}
    return environment_with_home(SCRATCH_PATH, kept)


def environment_with_home(home: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables with another home and temporary folder; Python finds its packages as before.

    Args:
        home: The folder.
        environment: The variables.
    """
    # Packages that were installed with `pip install --user` lie in the home folder that this process has.
    user_base = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}
    kept = {name: value for name, value in environment.items() if not name.startswith("XDG_")}
    return {**user_base, **kept, "HOME": home, "TMPDIR": home}
