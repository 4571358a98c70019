"""Two results of different times: how much slower one is, and whether that is certain."""

import math
from dataclasses import dataclass
from typing import Any

from edgeprof.measuring.uncertainty import REPEAT_SD
from edgeprof.store import StoredResult
from edgeprof_proto.shared.interval import LEVEL_SD_COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a second result differs from a first.

    Args:
        first: The one that is compared with.
        second: The other.
        ratio: Median of the second over that of the first.
        lower: Lower end of the ratio's 90 % interval.
        upper: Upper end.
        changes: What else is different between the two, as far as both are known: names and both values.
    """

    first: StoredResult
    second: StoredResult
    ratio: float
    lower: float
    upper: float
    changes: tuple[tuple[str, str, str], ...]

    @property
    def is_certain(self) -> bool:
        """Whether one of the two is faster with a certainty of at least 95 %."""
        return self.lower > 1.0 or self.upper < 1.0

    def as_json(self) -> dict[str, Any]:
        """The difference without its results, in values of JSON."""
        return {
            "ratio": self.ratio,
            "lower": self.lower,
            "upper": self.upper,
            "is_certain": self.is_certain,
            "changes": [dict(zip(("what", "first", "second"), change, strict=True)) for change in self.changes],
        }


def difference(first: StoredResult, second: StoredResult) -> Difference:
    """Compare two results.

    The two were not measured side by side, so the device may have changed between them: besides their own intervals
    `REPEAT_SD` is assumed for each. `edgeprof.compare` measures two models in pairs, which tells far more.

    Args:
        first: The one that is compared with.
        second: The other.
    """
    log_sd = math.hypot(*(_log_sd(item) for item in (first, second)))
    ratio, reach = second.median_ms / first.median_ms, math.exp(LEVEL_SD_COUNT * log_sd)
    return Difference(
        first=first,
        second=second,
        ratio=ratio,
        lower=ratio / reach,
        upper=ratio * reach,
        changes=_changes(first, second),
    )


def _log_sd(result: StoredResult) -> float:
    if result.lower_ms is None or result.upper_ms is None:
        return math.inf
    return math.hypot(math.log(result.upper_ms / result.lower_ms) / (2 * LEVEL_SD_COUNT), REPEAT_SD)


def _changes(first: StoredResult, second: StoredResult) -> tuple[tuple[str, str, str], ...]:
    facts, others = _facts(first), _facts(second)
    pairs = [_devices(first, second), *((name, fact, others[name]) for name, fact in facts.items())]
    # What is not known of one of them is no change.
    return tuple(pair for pair in pairs if pair[1] != pair[2] and "" not in pair)


def _devices(first: StoredResult, second: StoredResult) -> tuple[str, str, str]:
    """Return both devices in words, or by their ids where the words are the same."""
    ids = (first.device_id or first.device_name, second.device_id or second.device_name)
    words = (first.device, second.device)
    return ("device", *(words if words[0] != words[1] and ids[0] != ids[1] else ids))


def _facts(result: StoredResult) -> dict[str, str]:
    setting = {
        name.replace("_", " "): "" if name in result.unreported_fields else str(getattr(result.setting, name))
        for name in ("runtime", "runtime_version", "provider", "precision", "thread_count", "batch_size", "options")
    }
    return {
        "model": result.name,
        "model file": result.model_sha256[:12],
        **setting,
        "kernel": result.kernel,
        "agent version": result.agent_version,
        "source": result.source,
    }
