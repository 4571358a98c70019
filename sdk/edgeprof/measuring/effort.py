"""How much time a measurement is worth: three plans by name.

The command line calls the choice `--effort` and not a profile: a profile is what onboarding leaves.
"""

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
"""quick: half a second, to see an order of magnitude. standard: the agent's defaults, about two seconds. strict: six
seconds at least, and on until the interval is narrow or two minutes have shown that it will not be."""
