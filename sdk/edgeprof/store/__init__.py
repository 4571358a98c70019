"""What the host remembers: devices, platforms, measurements with every raw sample, onboarding sessions."""

from edgeprof.store.store import KnownDevice, Probe, Session, Store, default_store_path

__all__ = ["KnownDevice", "Probe", "Session", "Store", "default_store_path"]
