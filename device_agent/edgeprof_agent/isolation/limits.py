"""Limits of a worker process: set, and read back from the kernel."""

import contextlib
import resource
import sys
from pathlib import Path

from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_agent.isolation.safeguards import KERNEL_REMEDY, LIMITS, Attempt, in_force, missing, reason
from edgeprof_proto.records.check import Check

_MAX_32_BIT = 2**31 - 1


def limit_process(plan: IsolationPlan, user_task_count: int, attempt: Attempt) -> Check:
    """Set the limits, and read back what the kernel made of them."""
    limits = {
        "RLIMIT_DATA": plan.memory_bytes,
        "RLIMIT_CPU": plan.processor_s,
        # The limit counts all processes of a user, so those that run already are added.
        "RLIMIT_NPROC": plan.task_count + user_task_count,
        "RLIMIT_NOFILE": plan.open_file_count,
        "RLIMIT_FSIZE": plan.file_bytes,
        "RLIMIT_CORE": 0,
    }
    try:
        attempt(LIMITS)
    except OSError as error:
        return missing(LIMITS, f"are not in force ({reason(error)})", KERNEL_REMEDY)
    refused, set_to = [], {}
    for limit, value in limits.items():
        try:
            set_to[limit] = _set_limit(getattr(resource, limit), value)
        except (OSError, ValueError, OverflowError) as error:
            refused.append(f"{limit} ({error})")
            continue
        if set_to[limit] == resource.RLIM_INFINITY or set_to[limit] > value:
            in_words = "unlimited" if set_to[limit] == resource.RLIM_INFINITY else str(set_to[limit])
            refused.append(f"{limit} (set to {value}, read back as {in_words})")
    if refused:
        return missing(LIMITS, f"are not all in force: {', '.join(refused)}", KERNEL_REMEDY)
    return in_force(
        LIMITS,
        f"are {set_to['RLIMIT_DATA'] // 2**20} MiB of memory, {set_to['RLIMIT_CPU']} s of processor time, "
        f"{set_to['RLIMIT_NPROC'] - user_task_count} threads, {set_to['RLIMIT_NOFILE']} open files, "
        f"{set_to['RLIMIT_FSIZE'] // 2**20} MiB in a file, no core dump, as read back from the kernel",
    )


def _set_limit(number: int, value: int) -> int:
    """Set a limit and return what is in force: the kernel, or one that emulates it, may ignore what it was told."""
    hard = resource.getrlimit(number)[1]
    bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
    try:
        resource.setrlimit(number, (bounded, bounded))
    except OverflowError:
        # A 32-bit system's number is too small for it; no process there can use more than fits into it.
        bounded = min(bounded, sys.maxsize, _MAX_32_BIT)
        resource.setrlimit(number, (bounded, bounded))
    return resource.getrlimit(number)[0]


def count_tasks(user_id: int) -> int:
    """Count the threads of all processes of a user."""
    count = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            if fields["Uid"].split()[0] == str(user_id):
                count += int(fields["Threads"])
    return count
