"""Long computations of the host: of several onboardings in this process, as many at once as there are cores.

More would take turns within each of them, so that all end late, and hold the memory of all at the same time. What a
device waits for comes before what is computed while a device measures.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Cores:
    """Cores of the host, and who waits for one.

    Args:
        count: Number of cores.
    """

    def __init__(self, count: int) -> None:
        self._free_count = count
        self._urgent_count = 0
        self._changed = threading.Condition()

    def take(self, *, is_urgent: bool) -> None:
        with self._changed:
            self._urgent_count += is_urgent
            try:
                self._changed.wait_for(lambda: self._free_count and (is_urgent or not self._urgent_count))
                self._free_count -= 1
            finally:
                self._urgent_count -= is_urgent

    def give_back(self) -> None:
        with self._changed:
            self._free_count += 1
            self._changed.notify_all()


_CORES = _Cores(os.cpu_count() or 1)


@contextmanager
def core_of_host(*, is_urgent: bool = True) -> Iterator[None]:
    """Wait until a core is free, and have it for the block. A block may not contain another one.

    Args:
        is_urgent: Whether a device waits for what is computed. What is not urgent waits for all that is.
    """
    _CORES.take(is_urgent=is_urgent)
    try:
        yield
    finally:
        _CORES.give_back()
