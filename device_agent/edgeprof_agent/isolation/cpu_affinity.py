"""CPU affinity of a worker: set from the setting, then cores and threads read back from the kernel.

A setting's option "cores" names a cluster of the processor; "all", the default, means every core that the agent may
use. The worker handles this option, not the runtime: threads inherit the affinity of the thread that starts them.
"""

import dataclasses
import os
from collections.abc import Mapping

from edgeprof_agent.errors import SettingNotSupportedError
from edgeprof_proto.records.device import Cpu
from edgeprof_proto.records.job_spec import ALL_CORES, CORES_OPTION, Setting
from edgeprof_proto.shared import setting_offer
from edgeprof_proto.shared.setting_offer import SettingOfferError

WORKING_SHARE = 0.05
"""Threads below this share of the timed CPU time are housekeeping and are not counted."""


def check_cores(setting: Setting, cpu: Cpu) -> None:
    """Check that the processor has the cores that a setting asks for.

    Args:
        setting: What is asked for.
        cpu: The processor.

    Raises:
        SettingNotSupportedError: If it has no such cluster.
    """
    try:
        setting_offer.check_cores(setting, cpu)
    except SettingOfferError as error:
        raise SettingNotSupportedError(str(error)) from error


def without_cores(setting: Setting) -> Setting:
    """Return a setting without the option "cores", which runtimes do not know."""
    options = {name: value for name, value in setting.options.items() if name != CORES_OPTION}
    return dataclasses.replace(setting, options=options)


def bind_to_cores(setting: Setting, cpu: Cpu) -> tuple[int, ...]:
    """Bind this thread, and those that it will start, to the cores that a setting asks for.

    Args:
        setting: What is asked for.
        cpu: The processor.

    Returns:
        The cores asked for, ascending; empty where the system does not support affinity and the setting names no cores.

    Raises:
        SettingNotSupportedError: If the processor has no such cluster, or the kernel does not let the worker use it.
    """
    check_cores(setting, cpu)
    cores = setting.options.get(CORES_OPTION, ALL_CORES)
    allowed = read_affinity()
    if cores == ALL_CORES:
        return allowed
    cluster = next(cluster for cluster in cpu.clusters if cluster.name == cores)
    wanted = tuple(index for index in cluster.core_indices if index in allowed)
    try:
        if not wanted:
            raise OSError(f"the agent may use the cores {', '.join(map(str, allowed)) or '(not reported)'}")
        os.sched_setaffinity(0, wanted)
    except OSError as error:
        raise SettingNotSupportedError(
            f"the worker cannot be bound to the cores {cores!r} ({', '.join(map(str, cluster.core_indices))}): {error}"
        ) from error
    return wanted


def read_affinity(thread_id: int = 0) -> tuple[int, ...]:
    """Read which cores the kernel lets a thread use.

    Args:
        thread_id: The thread; 0 for the calling one.

    Returns:
        The logical cores, ascending; empty where not reported, or the thread has ended.
    """
    if not hasattr(os, "sched_getaffinity"):
        return ()
    try:
        return tuple(sorted(os.sched_getaffinity(thread_id)))
    except OSError:
        return ()


def working_threads(
    before_ns: Mapping[str, int] | None, after_ns: Mapping[str, int] | None, timed_ms: float
) -> tuple[int, ...] | None:
    """Return the threads of this process that worked during the timed runs.

    Args:
        before_ns: CPU time of each thread before them, in nanoseconds; None where not reported.
        after_ns: CPU time of each thread after them.
        timed_ms: Time of all timed runs, in milliseconds.

    Returns:
        The threads with at least `WORKING_SHARE` of the time; None where not reported.
    """
    if before_ns is None or after_ns is None:
        return None
    min_ns = WORKING_SHARE * timed_ms * 1e6
    return tuple(int(name) for name, work_ns in after_ns.items() if work_ns - before_ns.get(name, 0) > min_ns)
