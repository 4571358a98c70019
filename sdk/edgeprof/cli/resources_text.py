"""Memory and energy of a measurement in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeprof_proto.records.measurement import EnergyUse, Measurement

NOT_REPORTED = "not reported"

SHOWN_SENSOR_COUNT = 4


def mebibytes(byte_count: float | None) -> str:
    """A size with three digits that mean something, or that it is not reported.

    Args:
        byte_count: The size in bytes; None where it is not reported.
    """
    if byte_count is None:
        return NOT_REPORTED
    size = byte_count / 2**20
    return f"{size:.3g} MiB" if size < 100 else f"{size:.0f} MiB"


def memory_text(measurement: "Measurement") -> str:
    """The peak memory, and how much of it runtime and model take.

    Args:
        measurement: The measurement.
    """
    use = measurement.memory_use
    if use is None or (use.runtime_bytes is None and use.model_bytes is None):
        return f"{mebibytes(measurement.peak_memory_bytes)}; runtime and model apart {NOT_REPORTED}"
    return (
        f"{mebibytes(measurement.peak_memory_bytes)}, {mebibytes(use.run_peak_bytes)} in runs: runtime "
        f"{mebibytes(use.runtime_bytes)}, model {mebibytes(use.model_bytes)}, the rest Python and the worker"
    )


def energy_text(measurement: "Measurement") -> str:
    """The energy of one run by each sensor, with its uncertainty, and the power with and without the runs.

    Args:
        measurement: The measurement.
    """
    told = [_sensor_text(use) for use in measurement.energy_uses[:SHOWN_SENSOR_COUNT]]
    hidden_count = len(measurement.energy_uses) - len(told)
    more = [f"{hidden_count} more sensors"] if hidden_count else []
    return "; ".join([*told, *more]) or NOT_REPORTED


def energy_of_run(use: "EnergyUse") -> str:
    """The energy of one run with its uncertainty.

    Args:
        use: What a sensor tells.
    """
    uncertainty = "" if use.uncertainty_mj is None else f" ± {use.uncertainty_mj:.1g}"
    return f"{use.run_energy_mj:.3g}{uncertainty} mJ"


def _sensor_text(use: "EnergyUse") -> str:
    idle = NOT_REPORTED if use.idle_power_mw is None else f"{use.idle_power_mw / 1e3:.3g} W"
    return (
        f"{energy_of_run(use)} a run by {use.sensor} (mean {use.mean_power_mw / 1e3:.3g} W; idle before {idle}, not "
        "subtracted)"
    )
