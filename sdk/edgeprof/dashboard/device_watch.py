"""What devices are doing, asked of their agents while somebody looks."""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

from edgeprof.devices.client import connect
from edgeprof.errors import EdgeprofError
from edgeprof_proto.records.job import Job, JobState
from edgeprof_proto.records.validation import RecordError

logger = logging.getLogger(__name__)

FRESH_S: Final = 10.0
"""Seconds after which a device is asked again: a call takes a board some time, in which it may be measuring."""

MAX_JOB_COUNT: Final = 100
"""Newest jobs of a device that are looked at."""

MAX_ASKED_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """What a device is doing.

    Args:
        is_reachable: Whether its agent answered; None before it was asked.
        running: The job that runs; None where none does.
        queued_count: Jobs that wait.
        problem: Why there is no answer; empty where there is one.
    """

    is_reachable: bool | None = None
    running: Job | None = None
    queued_count: int = 0
    problem: str = ""


class DeviceWatch:
    """Asks devices what they are doing, in threads of its own: no page waits for a device."""

    def __init__(self) -> None:
        self._states: dict[str, DeviceState] = {}
        self._asked_s: dict[str, float] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(MAX_ASKED_AT_ONCE, thread_name_prefix="devices")

    def states(self, addresses: Sequence[str]) -> dict[str, DeviceState]:
        """Return what is known of devices, and ask those again of which it is old.

        Args:
            addresses: Their addresses.
        """
        now_s = time.monotonic()
        with self._lock:
            old = [one for one in addresses if now_s - self._asked_s.get(one, -FRESH_S) >= FRESH_S]
            self._asked_s.update(dict.fromkeys(old, now_s))
            known = {address: self._states.get(address, DeviceState()) for address in addresses}
        for address in old:
            self._pool.submit(self._ask, address)
        return known

    def close(self) -> None:
        """Ask nobody any more."""
        self._pool.shutdown(cancel_futures=True)

    def _ask(self, address: str) -> None:
        try:
            with connect(address) as client:
                jobs = list(islice(client.jobs(), MAX_JOB_COUNT))
            state = DeviceState(
                is_reachable=True,
                running=next((job for job in jobs if job.state is JobState.RUNNING), None),
                queued_count=sum(job.state is JobState.QUEUED for job in jobs),
            )
        except (EdgeprofError, RecordError) as error:
            state = DeviceState(is_reachable=False, problem=str(error))
        except Exception as error:  # nobody asks for the future: what is wrong here would be lost with it
            logger.exception("asking the device at %s failed", address)
            state = DeviceState(is_reachable=False, problem=f"asking it failed: {type(error).__name__}: {error}")
        with self._lock:
            self._states[address] = state
