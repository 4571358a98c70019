"""Memory of a measurement in words."""

from edgeprof_proto.records.measurement import Measurement, MemoryUse

NOT_REPORTED = "not reported"


def mebibytes(byte_count: float | None) -> str:
    """A size with three digits that mean something, or that it is not reported.

    Args:
        byte_count: The size in bytes; None where it is not reported.
    """
    if byte_count is None:
        return NOT_REPORTED
    size = byte_count / 2**20
    return f"{size:.3g} MiB" if size < 100 else f"{size:.0f} MiB"


def memory_text(measurement: Measurement) -> str:
    """The peak memory, and how much of it runtime and model take.

    Args:
        measurement: The measurement.
    """
    use = measurement.memory_use or MemoryUse()
    if use.runtime_bytes is None and use.model_bytes is None:
        return f"{mebibytes(measurement.peak_memory_bytes)}; runtime and model apart {NOT_REPORTED}"
    return (
        f"{mebibytes(measurement.peak_memory_bytes)}, {mebibytes(use.run_peak_bytes)} in runs: runtime "
        f"{mebibytes(use.runtime_bytes)}, model {mebibytes(use.model_bytes)}, the rest Python and the worker"
    )
