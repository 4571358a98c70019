"""`edgeprof benchmark`."""

from pathlib import Path
from typing import Any

import click

from edgeprof.cli.console import print_facts, print_json
from edgeprof.cli.measurement_text import measurement_facts, sustained_facts
from edgeprof.cli.parameters import (
    Duration,
    allow_fallback_option,
    device_option,
    effort_option,
    json_option,
    setting_from,
    setting_options,
)
from edgeprof.cli.progress import MeasurementProgress


@click.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.onnx")
@device_option
@setting_options
@effort_option
@click.option("--warmup-runs", type=click.IntRange(min=1), help="Warm-up runs at least.  [default: the effort's]")
@click.option("--num-runs", type=click.IntRange(min=1), help="Timed runs at least.  [default: the effort's]")
@click.option("--min-time", type=Duration(), help="Time in timed runs at least, as 2s.  [default: the effort's]")
@click.option(
    "--sustained", type=Duration(), help="Work for so long, as 10m: the curve over time and the steady state."
)
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw the curve of --sustained into this file."
)
@click.option("--start-temperature", type=float, help="Let the device cool down to so many degrees Celsius first.")
@click.option(
    "--max-wait", type=Duration(), default="5m", show_default=True, help="Wait so long at most for --start-temperature."
)
@allow_fallback_option
@click.option("--release-model", is_flag=True, help="Measure it even if it has ended the device's worker twice.")
@json_option
def benchmark(
    model: Path,
    address: str,
    effort: str,
    warmup_runs: int | None,
    num_runs: int | None,
    min_time: float | None,
    sustained: float | None,
    picture: Path | None,
    start_temperature: float | None,
    max_wait: float,
    allow_fallback: bool,
    release_model: bool,
    as_json: bool,
    **setting_values: Any,
) -> None:
    """Measure MODEL.onnx on a device: the median with its interval, what ran it, and whether to believe it."""
    import uuid
    from dataclasses import asdict, replace

    from edgeprof import connect
    from edgeprof.measuring.collection import collect_results
    from edgeprof.measuring.effort import EFFORTS
    from edgeprof.measuring.sustained import require_time_for, sustained_curve, sustained_plan
    from edgeprof.store import Store
    from edgeprof.store.platform import resolve_platform
    from edgeprof_proto.record_json import to_json

    if picture is not None and sustained is None:
        raise click.UsageError("--picture draws the curve of --sustained; give both")
    setting = setting_from(**setting_values)
    plan = EFFORTS[effort] if sustained is None else sustained_plan(sustained)
    plan = replace(
        plan,
        warmup_run_count=warmup_runs or plan.warmup_run_count,
        timed_run_count=num_runs or plan.timed_run_count,
        timed_duration_ms=(min_time or 0.0) * 1_000 or plan.timed_duration_ms,
        start_temperature_celsius=start_temperature or 0.0,
        max_wait_ms=max_wait * 1_000 if start_temperature else 0.0,
    )
    with Store() as store, connect(address) as client:
        device = client.device()
        if sustained is not None:
            require_time_for(plan, device.limits)
        store.record_device(device, address)
        if count := collect_results(client, device, store):
            click.echo(f"{count} results of runs that were cut short are in the store now", err=True)
        job_id = f"benchmark-{uuid.uuid4().hex}"
        with MeasurementProgress(model.name, plan) as progress:
            measurement = client.measure(
                model,
                setting,
                job_id=job_id,
                plan=plan,
                allow_fallback=allow_fallback,
                on_event=progress.on_job_event,
                release_model=release_model,
            )
        store.record_measurement(job_id, resolve_platform(device, setting), measurement)
        client.acknowledge((job_id,))
    curve = None if sustained is None else sustained_curve(measurement)
    if picture is not None and curve is not None:
        from edgeprof.plots.sustained_plot import draw_curve

        draw_curve(curve, f"{model.name} on {device.board or device.host_name}", picture)
    if as_json:
        print_json(
            {
                "job_id": job_id,
                "median_ms": measurement.median_ms,
                "way": "burst" if curve is None else "sustained",
                "sustained": None if curve is None else asdict(curve),
                "measurement": to_json(measurement),
            }
        )
        return
    facts = measurement_facts(measurement)
    if curve is not None:
        facts = {**sustained_facts(curve), **facts}
    print_facts(f"{model.name} on {device.board or device.host_name}", facts)
