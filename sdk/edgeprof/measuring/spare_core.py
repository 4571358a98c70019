"""Whether this host may compute while a device measures."""

import os
import socket
from pathlib import Path

from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import Setting


def has_spare_core(device: Device, setting: Setting) -> bool:
    """Say whether this host has a core that a measurement on the device does not use.

    True for every other machine. Where the device is this machine, a core counts that is no second thread of one that
    measures: two threads of one core slow each other down by a third.

    Args:
        device: The device as its agent describes it.
        setting: How the device runs models.
    """
    if device.host_name != socket.gethostname():
        return True
    return (os.cpu_count() or 1) // _threads_of_a_core() > setting.thread_count


def _threads_of_a_core() -> int:
    try:
        siblings = Path("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list").read_text(encoding="ascii")
    except OSError:
        return 1
    return sum(map(_count, siblings.strip().split(",")))


def _count(part: str) -> int:
    """Count the cores of a part of a list: 1 for "4", 2 for "0-1"."""
    low, _, high = part.partition("-")
    return int(high or low) - int(low) + 1
