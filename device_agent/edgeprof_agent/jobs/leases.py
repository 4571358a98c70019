"""Leases of hosts: each call renews the lease of its host, and an open stream or upload holds it."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator


class Leases:
    """The leases of all hosts, in memory: after a restart of the agent every host has a new lease.

    Args:
        lease_duration_s: Time without a call after which a lease expires, in seconds.
        clock: Monotonic clock, in seconds.
    """

    def __init__(self, lease_duration_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease_duration_s = lease_duration_s
        self._clock = clock
        self._begin = clock()
        self._renewed: dict[str, float] = {}
        self._held: Counter[str] = Counter()

    def renew(self, host_name: str) -> None:
        """Renew the lease of a host."""
        # Expired leases are removed, so that memory stays bounded with many hosts.
        self._renewed = {name: renewed for name, renewed in self._renewed.items() if not self._has_expired(renewed)}
        self._renewed[host_name] = self._clock()

    @contextlib.contextmanager
    def held(self, host_name: str) -> Iterator[None]:
        """Hold the lease of a host inside the block, and renew it at the end."""
        self._held[host_name] += 1
        try:
            yield
        finally:
            self._held[host_name] -= 1
            if not self._held[host_name]:
                del self._held[host_name]
            self.renew(host_name)

    def is_silent(self, host_name: str) -> bool:
        """Tell whether the lease of a host has expired."""
        return not self._held[host_name] and self._has_expired(self._renewed.get(host_name, self._begin))

    def _has_expired(self, renewed: float) -> bool:
        return self._clock() - renewed > self._lease_duration_s
