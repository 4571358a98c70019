"""The scores of one network, and why one has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof_predictor.errors import ProxyError


class NotAvailable(Exception):
    """A proxy is not defined for a network; the text says why. Never leaves this package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyScore:
    """The score of one proxy for one network.

    Args:
        proxy: Its name.
        score: The score; None where the proxy is not available.
        reason: Why it is not available; empty where it is.
    """

    proxy: str
    score: float | None
    reason: str = ""

    def __str__(self) -> str:
        return f"not available: {self.reason}" if self.score is None else f"{self.score:.6g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRecord:
    """The scores of one network by the proxies asked for.

    Args:
        scores: By the names of the proxies.
        seconds: How long it took.
    """

    scores: Mapping[str, ProxyScore]
    seconds: float

    def __getitem__(self, proxy: str) -> float | None:
        """Return a score, or None where it is not available."""
        return self.scores[proxy].score


class UnfinishedProxiesError(ProxyError):
    """A network failed before all its proxies were computed; `record` holds those that were.

    Args:
        message: What failed.
        record: What was computed before.
    """

    def __init__(self, message: str, record: ProxyRecord | None = None) -> None:
        super().__init__(message)
        self.record = record if record is not None else ProxyRecord(scores={}, seconds=0.0)

    def __reduce__(self) -> tuple[type[UnfinishedProxiesError], tuple[str, ProxyRecord]]:
        # Parallel work hands errors over by pickling them, which would forget the record.
        return type(self), (str(self), self.record)
