"""The clock: boards without a battery for it wake up in 1970, or where they were switched off."""

import time
from datetime import datetime, timezone
from pathlib import Path

import edgeprof_agent.version
from edgeprof_agent.conditions import SYSTEM_ROOT
from edgeprof_agent.config import AgentConfig
from edgeprof_proto.records.check import Check, CheckLevel

_TOLERANCE_S = 60.0

_REMEDY = "let it be set from the network: `timedatectl set-ntp true`, or `date --set`"


def clock_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check the clock against what was written before, and whether the network sets it."""
    written = [
        Path(edgeprof_agent.version.__file__),
        config.data_dir / "device_id",
        config.data_dir / "journal.sqlite3",
    ]
    times = [path.stat().st_mtime for path in written if path.exists()]
    return (check_clock(time.time(), times), check_clock_source())


def check_clock(now: float, written_times: list[float]) -> Check:
    """Check that nothing was written in the future.

    Args:
        now: What the clock says, in seconds since the epoch.
        written_times: When files of the agent were written.
    """
    newest = max(written_times, default=0.0)
    if now >= newest - _TOLERANCE_S:
        return Check(name="clock", level=CheckLevel.GOOD, finding=f"it says {_date(now)}")
    return Check(
        name="clock",
        level=CheckLevel.TROUBLE,
        finding=f"it says {_date(now)}, but files of the agent were written at {_date(newest)}",
        remedy=_REMEDY,
    )


def check_clock_source(root: Path = SYSTEM_ROOT) -> Check:
    """Check whether the network sets the clock, where systemd tells it."""
    folder, name = root / "run/systemd/timesync", "clock source"
    if not folder.exists():
        return Check(name=name, level=CheckLevel.NOT_REPORTED, finding="systemd does not set the clock here")
    if (folder / "synchronized").exists():
        return Check(name=name, level=CheckLevel.GOOD, finding="the network has set the clock")
    return Check(
        name=name, level=CheckLevel.WARNING, finding="the network has not set the clock since the start", remedy=_REMEDY
    )


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
