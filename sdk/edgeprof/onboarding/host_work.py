"""Long computations of the host: of several onboardings in this process, as many at once as there are cores.

More would take turns within each of them, so that all end late, and hold the memory of all at the same time.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_FREE_CORES = threading.BoundedSemaphore(os.cpu_count() or 1)


@contextmanager
def core_of_host() -> Iterator[None]:
    """Wait until a core is free, and have it for the block. A block may not contain another one."""
    with _FREE_CORES:
        yield
