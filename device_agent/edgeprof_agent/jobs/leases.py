"""Which hosts are there: each call renews the lease of its host, and an open stream holds it."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator


class Leases:
    """The hosts that were heard from, in memory: with a restart of the agent every host gets a fresh lease.

    Args:
        lease_duration_s: Time after which a host that is not heard from counts as silent.
        clock: Tells the time in seconds, and is never set back.
    """

    def __init__(self, lease_duration_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease_duration_s = lease_duration_s
        self._clock = clock
        self._begin = clock()
        self._heard: dict[str, float] = {}
        self._held: Counter[str] = Counter()

    def renew(self, host_name: str) -> None:
        """Note that a host was heard from."""
        # Kept to those whose lease runs: names of hosts that come and go must not pile up.
        self._heard = {name: heard for name, heard in self._heard.items() if not self._is_over(heard)}
        self._heard[host_name] = self._clock()

    @contextlib.contextmanager
    def held(self, host_name: str) -> Iterator[None]:
        """Keep the lease of a host inside the block, and renew it at the end."""
        self._held[host_name] += 1
        try:
            yield
        finally:
            self._held[host_name] -= 1
            if not self._held[host_name]:
                del self._held[host_name]
            self.renew(host_name)

    def is_silent(self, host_name: str) -> bool:
        """Tell whether the lease of a host has run out."""
        return not self._held[host_name] and self._is_over(self._heard.get(host_name, self._begin))

    def _is_over(self, heard: float) -> bool:
        return self._clock() - heard > self._lease_duration_s
