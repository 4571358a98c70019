"""What the host stores: devices, platforms, measurements with every raw sample, sessions of measurements."""

from edgeprof.store.database import default_store_path
from edgeprof.store.records import (
    Attempt,
    KnownDevice,
    MeasurementRequest,
    Probe,
    ProbeState,
    SessionRecord,
    SessionStatus,
    series_part_id,
)
from edgeprof.store.results import ResultFilter, StoredResult
from edgeprof.store.store import Store, opened

__all__ = [
    "Attempt",
    "KnownDevice",
    "MeasurementRequest",
    "Probe",
    "ProbeState",
    "ResultFilter",
    "SessionRecord",
    "SessionStatus",
    "Store",
    "StoredResult",
    "default_store_path",
    "opened",
    "series_part_id",
]
