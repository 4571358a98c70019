"""`edgeprof benchmark`."""

from pathlib import Path
from typing import Any

import click

from edgeprof.cli.console import milliseconds, print_facts, print_json
from edgeprof.cli.parameters import Duration, device_option, json_option, setting_from, setting_options
from edgeprof.cli.progress import MeasurementProgress


@click.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.onnx")
@device_option
@setting_options
@click.option("--warmup-runs", type=click.IntRange(min=1), help="Warm-up runs at least.  [default: 5]")
@click.option("--num-runs", type=click.IntRange(min=1), help="Timed runs at least.  [default: 50]")
@click.option("--min-time", type=Duration(), help="Time in timed runs at least, as 2s.  [default: 1s]")
@json_option
def benchmark(
    model: Path,
    address: str,
    warmup_runs: int | None,
    num_runs: int | None,
    min_time: float | None,
    as_json: bool,
    **setting_values: Any,
) -> None:
    """Measure MODEL.onnx on a device: the median with its scatter, and whether to believe it."""
    import uuid

    from edgeprof import connect
    from edgeprof.collection import collect_results
    from edgeprof.platform import resolve_platform
    from edgeprof.store import Store
    from edgeprof.uncertainty import median_relative_sd
    from edgeprof_proto.record_json import to_json
    from edgeprof_proto.records import MeasurementPlan

    setting = setting_from(**setting_values)
    plan = MeasurementPlan(
        warmup_run_count=warmup_runs or 0,
        timed_run_count=num_runs or 0,
        timed_duration_ms=(min_time or 0.0) * 1_000,
    )
    with Store() as store, connect(address) as client:
        device = client.device()
        store.record_device(device, address)
        if count := collect_results(client, device, store):
            click.echo(f"{count} results of runs that were cut short are in the store now", err=True)
        job_id = f"benchmark-{uuid.uuid4().hex}"
        with MeasurementProgress(model.name, plan) as progress:
            measurement = client.measure(model, setting, job_id=job_id, plan=plan, on_event=progress.on_job_event)
        store.record_measurement(job_id, resolve_platform(device, setting), measurement)
        client.acknowledge((job_id,))
    if as_json:
        print_json({"job_id": job_id, "median_ms": measurement.median_ms, "measurement": to_json(measurement)})
        return
    runs = sorted(value for block in measurement.timed_blocks for value in block.latency_ms)
    verdict = measurement.verdict
    exceeded = [
        f"{item.name} {item.value:.3g} beyond {item.limit:.3g}" for item in verdict.evidence if item.is_exceeded
    ]
    print_facts(
        f"{model.name} on {device.board or device.host_name}",
        {
            "median": f"{milliseconds(measurement.median_ms)} ± {1.645 * median_relative_sd(measurement):.1%} (90 %)",
            "5th to 95th percentile": f"{milliseconds(runs[int(0.05 * len(runs))])} to "
            f"{milliseconds(runs[int(0.95 * len(runs))])}",
            "timed runs": f"{len(runs)} in {len(measurement.timed_blocks)} blocks",
            "first inference": milliseconds(measurement.first_inference_ms),
            "load": milliseconds(measurement.load_ms),
            "peak memory": "not reported"
            if measurement.peak_memory_bytes is None
            else f"{measurement.peak_memory_bytes / 2**20:.0f} MiB",
            "setting": _setting_text(measurement.setting),
            "verdict": verdict.kind.value + (f": {', '.join(exceeded)}" if exceeded else ""),
        },
    )


def _setting_text(setting: Any) -> str:
    return (
        f"{setting.runtime} {setting.runtime_version}, {setting.provider}, {setting.precision}, "
        f"threads {setting.thread_count}, batch {setting.batch_size}"
    )
