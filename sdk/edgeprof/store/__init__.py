"""What the host stores: devices, platforms, measurements with every raw sample, sessions of measurements."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# Imported on first use: a prediction needs what a platform is, and no database.
_MODULE_OF = {
    "ResultFilter": "edgeprof.store.results",
    "Store": "edgeprof.store.store",
    "StoredResult": "edgeprof.store.results",
    "default_store_path": "edgeprof.store.database",
    "opened": "edgeprof.store.store",
}


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module(_MODULE_OF.get(name, "edgeprof.store.records")), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
