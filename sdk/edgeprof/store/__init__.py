"""What the host stores: devices, platforms, measurements with every raw sample, sessions of measurements."""

from typing import TYPE_CHECKING

from edgeprof_predictor._lazy_exports import lazy_exports

if TYPE_CHECKING:
    from edgeprof.store.other_results import OtherResult
    from edgeprof.store.place import store_folder, store_place
    from edgeprof.store.progress import OpenSession
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
    from edgeprof.store.retention import Deletable
    from edgeprof.store.store import Store, opened

__all__ = [
    "Attempt",
    "Deletable",
    "KnownDevice",
    "MeasurementRequest",
    "OpenSession",
    "OtherResult",
    "Probe",
    "ProbeState",
    "ResultFilter",
    "SessionRecord",
    "SessionStatus",
    "Store",
    "StoredResult",
    "opened",
    "series_part_id",
    "store_folder",
    "store_place",
]

# Imported on first use: a prediction needs what a platform is, and no database.
_MODULE_OF = {
    "Deletable": "edgeprof.store.retention",
    "OpenSession": "edgeprof.store.progress",
    "OtherResult": "edgeprof.store.other_results",
    "ResultFilter": "edgeprof.store.results",
    "Store": "edgeprof.store.store",
    "StoredResult": "edgeprof.store.results",
    "opened": "edgeprof.store.store",
    "store_folder": "edgeprof.store.place",
    "store_place": "edgeprof.store.place",
}

__getattr__ = lazy_exports(__name__, {**dict.fromkeys(__all__, "edgeprof.store.records"), **_MODULE_OF})
