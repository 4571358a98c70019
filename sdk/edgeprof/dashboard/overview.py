"""The document of the dashboard's first page: what runs, which devices, results and profiles there are."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, Final

from edgeprof.dashboard.device_watch import DeviceState, DeviceWatch
from edgeprof.pages.results_table import row_of
from edgeprof.reporting import FoundProfile, results
from edgeprof.reporting.device_marks import device_marks, names_of_devices
from edgeprof.store import KnownDevice, OpenSession, Store
from edgeprof.store.platform import marked_platform

RESULT_COUNT: Final = 50
"""Results on the first page, the newest; all are a click away."""

MAX_SESSION_COUNT: Final = 20


def overview(store: Store, profiles: Sequence[FoundProfile], watch: DeviceWatch) -> dict[str, Any]:
    """Return what the first page shows.

    Args:
        store: The store.
        profiles: Profiles in the folders that are looked at.
        watch: Knows what devices are doing.
    """
    return {
        **live(store, watch),
        "kind": "overview",
        "title": "edgeprof on this host",
        "profiles": [
            {**dataclasses.asdict(one), "path": str(one.path), "write_time": one.write_time.isoformat()}
            for one in profiles
        ],
        "results": [row_of(one) for one in results(limit=RESULT_COUNT, store=store)],
    }


def live(store: Store, watch: DeviceWatch) -> dict[str, Any]:
    """Return the part of the first page that changes while somebody looks.

    Args:
        store: The store.
        watch: Knows what devices are doing.
    """
    devices, marks = store.devices(), device_marks(store)
    names = names_of_devices(devices)
    states = watch.states([one.address for one in devices])
    return {
        "kind": "live",
        "sessions": [
            _session(one, store, marks.get(one.device_id, "")) for one in store.open_sessions(limit=MAX_SESSION_COUNT)
        ],
        "devices": [_device(one, _name(one, names, marks), states[one.address]) for one in devices],
    }


def _session(session: OpenSession, store: Store, mark: str) -> dict[str, Any]:
    since = datetime.now(timezone.utc) - (session.last_time or session.begin_time)
    return {
        "session_id": session.record.session_id,
        "purpose": session.purpose.split(" ")[0],
        "space": session.record.space,
        "platform": marked_platform(session.platform, mark),
        "begin_time": session.begin_time.isoformat(),
        "seconds_since_last": since.total_seconds(),
        "is_running": session.is_running,
        "measured_count": session.counts.get("measured", 0),
        "planned_count": session.counts.get("planned", 0),
        "failed_count": session.counts.get("failed", 0),
        "history": [status.record for status in store.statuses(session.record)],
    }


def _name(known: KnownDevice, names: Mapping[str, Sequence[str]], marks: Mapping[str, str]) -> str:
    device_id = known.device.device_id
    if device_id in names:
        return ", ".join(names[device_id])
    return f"{known.name} ({marks[device_id]})" if device_id in marks else known.name


def _device(known: KnownDevice, name: str, state: DeviceState) -> dict[str, Any]:
    device, job = known.device, state.running
    return {
        "name": name,
        "address": known.address,
        "processor": f"{device.cpu.model or device.cpu.architecture}, {device.cpu.core_count} cores",
        "memory_bytes": device.memory_bytes,
        "runtimes": [f"{one.name} {one.version}" for one in device.runtimes if one.version],
        "last_seen_time": known.last_seen_time.isoformat(),
        "is_reachable": state.is_reachable,
        "problem": state.problem,
        "running": None
        if job is None
        else {
            "job_id": job.job_id,
            "host": job.host_name,
            "runtime": job.spec.setting.runtime,
            "seconds": max(0.0, datetime.now(timezone.utc).timestamp() - job.create_time),
        },
        "queued_count": state.queued_count,
    }
