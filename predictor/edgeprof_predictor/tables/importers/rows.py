"""The interface of all importers: the rows of a published table, and the names that its fields go by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from edgeprof_predictor.tables.importers.errors import PublishedTableError

ARCHITECTURE_FIELDS: Final = ("architecture", "arch")
PLATFORM_FIELDS: Final = ("platform", "device")


class LatencyUnit(Enum):
    """Unit of published latencies; the value is its name in the fields of a table."""

    MILLISECONDS = "ms"
    SECONDS = "s"
    MICROSECONDS = "us"

    @property
    def latency_fields(self) -> tuple[str, str]:
        """Names of a field with latencies of this unit; no other unit may be read by mistake."""
        return f"latency_{self.value}", "latency"

    def to_ms(self, latency: float) -> float:
        """Return a latency of this unit in milliseconds."""
        # Divided, not multiplied by 0.001: only so does 1500 us become exactly 1.5 ms.
        return {
            LatencyUnit.MILLISECONDS: latency,
            LatencyUnit.SECONDS: latency * 1000,
            LatencyUnit.MICROSECONDS: latency / 1000,
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """Latencies of one architecture as published; the values are checked when rows become a table.

    Args:
        origin: Where it stands, for messages: `line 7`.
        architecture: In the notation of a search space, or choices joined by commas.
        latencies: Latency on each platform by name, in the unit of the table; missing ones left out.

    Raises:
        PublishedTableError: If the architecture or the name of a platform is empty.
    """

    origin: str
    architecture: str
    latencies: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.architecture.strip():
            raise PublishedTableError(f"{self.origin}: the architecture is empty; each row needs one")
        if not all(name.strip() for name in self.latencies):
            raise PublishedTableError(f"{self.origin}: the name of a platform is empty; each latency needs one")


def find_field(fields: Iterable[str], wanted: tuple[str, ...]) -> str | None:
    """Return the first wanted field that is there, or None.

    Args:
        fields: Names of the fields of a table; upper case and outer blanks do not matter.
        wanted: Names of one meaning, in lower case, the preferred one first.
    """
    plain = {field.strip().lower(): field for field in fields}
    return next((plain[name] for name in wanted if name in plain), None)
