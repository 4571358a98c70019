"""The clock: boards without a battery-backed clock start in 1970 or at the time of the last shutdown."""

import time
from datetime import datetime, timezone
from pathlib import Path

import edgeprof_agent.version
from edgeprof_agent.conditions import SYSTEM_ROOT
from edgeprof_agent.config import AgentConfig
from edgeprof_proto.records.check import Check, CheckLevel

_TOLERANCE_S = 60.0

_REMEDY = "synchronise it over the network with `timedatectl set-ntp true`, or set it with `date --set`"


def clock_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check the clock against the times of files, and whether it is synchronised over the network."""
    written = [
        Path(edgeprof_agent.version.__file__),
        config.data_dir / "device_id",
        config.data_dir / "journal.sqlite3",
    ]
    times = [path.stat().st_mtime for path in written if path.exists()]
    return (check_clock(time.time(), times), check_clock_source())


def check_clock(now: float, written_times: list[float]) -> Check:
    """Check that no file of the agent has a time in the future.

    Args:
        now: Present time by the clock, in seconds since the epoch.
        written_times: When files of the agent were written.
    """
    newest = max(written_times, default=0.0)
    if now >= newest - _TOLERANCE_S:
        return Check(name="clock", level=CheckLevel.GOOD, finding=f"it is {_date(now)}")
    return Check(
        name="clock",
        level=CheckLevel.TROUBLE,
        finding=f"it is {_date(now)} by the clock, but files of the agent were written at {_date(newest)}",
        remedy=_REMEDY,
    )


def check_clock_source(root: Path = SYSTEM_ROOT) -> Check:
    """Check whether the clock is synchronised over the network, where systemd reports it."""
    folder, name = root / "run/systemd/timesync", "clock source"
    if not folder.exists():
        return Check(
            name=name, level=CheckLevel.NOT_REPORTED, finding="not reported: systemd does not set the clock here"
        )
    if (folder / "synchronized").exists():
        return Check(name=name, level=CheckLevel.GOOD, finding="the clock is synchronised over the network")
    return Check(
        name=name,
        level=CheckLevel.WARNING,
        finding="the clock has not been synchronised over the network since boot",
        remedy=_REMEDY,
    )


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
