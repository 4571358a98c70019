"""A check of a device, as `edgeprof-agent doctor` reports it."""

import dataclasses
import enum

from edgeprof_proto.records.validation import require


class CheckLevel(str, enum.Enum):
    """Outcome of a check."""

    GOOD = "good"
    WARNING = "warning"
    TROUBLE = "trouble"
    NOT_REPORTED = "not_reported"

    @classmethod
    def _missing_(cls, value: object) -> "CheckLevel | None":
        # A level that only a newer agent knows arrives as unspecified.
        return cls.NOT_REPORTED if value == "unspecified" else None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of a device.

    Args:
        name: What was checked, in a few words, unique among all checks: `process limits`.
        level: The outcome.
        finding: What was found, in one sentence with the value.
        remedy: What to do about it, in one sentence; empty where nothing needs doing.
    """

    name: str
    level: CheckLevel
    finding: str
    remedy: str = ""

    def __post_init__(self) -> None:
        require(bool(self.name), "check.name is missing")
        require(bool(self.finding), "check.finding is missing")
