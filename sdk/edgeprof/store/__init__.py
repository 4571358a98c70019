"""What the host stores: devices, platforms, measurements with every raw sample, sessions of measurements."""

from edgeprof.store.database import default_store_path
from edgeprof.store.records import KnownDevice, Probe, ProbeState, SessionRecord
from edgeprof.store.store import Store, opened

__all__ = ["KnownDevice", "Probe", "ProbeState", "SessionRecord", "Store", "default_store_path", "opened"]
