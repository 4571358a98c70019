"""How long a measurement takes: three plans by name, and plans made from single values."""

import dataclasses

from edgeprof.errors import EdgeprofError
from edgeprof.measuring.sustained import sustained_plan
from edgeprof_proto.records.job_spec import MIN_TARGET_HALF_WIDTH, MeasurementPlan

EFFORTS = {
    "quick": MeasurementPlan(
        warmup_run_count=3,
        warmup_duration_ms=100.0,
        timed_run_count=20,
        timed_duration_ms=250.0,
        block_count=5,
        max_duration_ms=30_000.0,
    ),
    "standard": MeasurementPlan(),
    "strict": MeasurementPlan(
        warmup_run_count=10,
        warmup_duration_ms=1_000.0,
        timed_run_count=200,
        timed_duration_ms=5_000.0,
        block_count=25,
        max_duration_ms=120_000.0,
        target_half_width=MIN_TARGET_HALF_WIDTH,
    ),
}
"""quick: half a second, for an order of magnitude. standard: the agent's defaults, about two seconds. strict: at least
six seconds, until the interval is as narrow as the plan asks for, two minutes at most."""

DEFAULT_MAX_WAIT_S = 300.0


def make_plan(
    effort: str = "standard",
    *,
    sustained_s: float | None = None,
    warmup_run_count: int | None = None,
    timed_run_count: int | None = None,
    timed_duration_s: float | None = None,
    start_temperature_celsius: float | None = None,
    max_wait_s: float = DEFAULT_MAX_WAIT_S,
) -> MeasurementPlan:
    """Make a plan from an effort, with single values changed.

    Args:
        effort: `quick`, `standard` or `strict`; without meaning for sustained work.
        sustained_s: Time inside timed runs of sustained work, in seconds; None for an ordinary measurement.
        warmup_run_count: Warm-up runs at least; None for the effort's.
        timed_run_count: Timed runs at least; None for the effort's.
        timed_duration_s: Time inside timed runs at least, in seconds; None for the effort's.
        start_temperature_celsius: Let the device cool down to this temperature first; None not to wait.
        max_wait_s: Time to wait for that temperature at most, in seconds.

    Raises:
        EdgeprofError: If there is no such effort.
        RecordError: If a value is outside its range.
    """
    if effort not in EFFORTS:
        raise EdgeprofError(f"the effort must be one of {', '.join(EFFORTS)}, got {effort!r}")
    plan = EFFORTS[effort] if sustained_s is None else sustained_plan(sustained_s)
    return dataclasses.replace(
        plan,
        warmup_run_count=warmup_run_count or plan.warmup_run_count,
        timed_run_count=timed_run_count or plan.timed_run_count,
        timed_duration_ms=(timed_duration_s or 0.0) * 1_000 or plan.timed_duration_ms,
        start_temperature_celsius=start_temperature_celsius or 0.0,
        max_wait_ms=max_wait_s * 1_000 if start_temperature_celsius else 0.0,
    )
