"""`edgeprof benchmark`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import messages, print_facts, print_json
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.measurement_text import measurement_facts, sustained_facts
from edgeprof.cli.model_inputs import as_mapping, model_input_options, print_operators
from edgeprof.cli.parameters import (
    MAX_RUN_COUNT,
    Count,
    Duration,
    Number,
    allow_fallback_option,
    device_option,
    effort_option,
    json_option,
    setting_options,
)
from edgeprof.cli.progress import MeasurementProgress

if TYPE_CHECKING:
    from edgeprof.measuring.benchmark import Benchmark


@click.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL.onnx")
@device_option
@setting_options
@effort_option
@model_input_options
@click.option("--operators", is_flag=True, help="Time each operator, in runs of their own after the measured ones.")
@click.option("--warmup-runs", type=Count(1, MAX_RUN_COUNT), help="Warm-up runs at least.  [default: the effort's]")
@click.option("--num-runs", type=Count(1, MAX_RUN_COUNT), help="Timed runs at least.  [default: the effort's]")
@click.option("--min-time", type=Duration(), help="Time in timed runs at least, as 2s.  [default: the effort's]")
@click.option(
    "--sustained", type=Duration(), help="Run it for so long, as 10m: the curve over time and the steady state."
)
@click.option(
    "--picture", type=click.Path(path_type=Path, dir_okay=False), help="Draw the curve of --sustained into this file."
)
@click.option(
    "--start-temperature", type=Number(0, 200), help="Let the device cool down to so many degrees Celsius first."
)
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
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
    inputs: Path | None,
    operators: bool,
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
    """Measure MODEL.onnx on a device: the median with its interval, what ran it, and a verdict with its evidence."""
    import edgeprof

    _check_picture(picture, sustained, model)
    plan = edgeprof.make_plan(
        effort,
        sustained_s=sustained,
        warmup_run_count=warmup_runs,
        timed_run_count=num_runs,
        timed_duration_s=min_time,
        start_temperature_celsius=start_temperature,
        max_wait_s=max_wait,
    )
    with edgeprof.connect(address) as client, MeasurementProgress(model.name, plan) as progress:
        result = edgeprof.benchmark(
            client,
            model,
            setting=device_setting(client, model, **setting_values),
            plan=plan,
            sustained_s=sustained,
            allow_fallback=allow_fallback,
            release_model=release_model,
            input_shapes=as_mapping(shapes),
            inputs=inputs,
            wants_operators=operators,
            on_event=progress.on_job_event,
            on_waiting=progress.on_waiting,
            on_collected=_print_collected,
        )
    title = f"{model.name} on {result.device.board or result.device.host_name}"
    if as_json:
        print_json(_document(result))
    else:
        _print_result(title, result, with_operators=operators)
    if picture is not None and result.curve is not None:
        from edgeprof.plots.sustained_plot import draw_curve

        messages.print(f"plot: {draw_curve(result.curve, title, picture)}")


def _check_picture(picture: Path | None, sustained: float | None, model: Path) -> None:
    if picture is None:
        return
    if sustained is None:
        raise click.UsageError("--picture draws the curve of --sustained; give both")
    from edgeprof.plots.figure_file import check_picture

    check_picture(picture, inputs=[model])


def _print_result(title: str, result: "Benchmark", *, with_operators: bool) -> None:
    facts = measurement_facts(result.measurement)
    print_facts(title, facts if result.curve is None else {**sustained_facts(result.curve), **facts})
    if with_operators:
        print_operators(result.measurement)


def _print_collected(count: int) -> None:
    messages.print(f"{count} results of runs that were interrupted are in the store now")


def _document(result: "Benchmark") -> dict[str, Any]:
    """The result for machines."""
    from dataclasses import asdict

    from edgeprof_proto.record_json import to_json

    return {
        "job_id": result.job_id,
        "median_ms": result.measurement.median_ms,
        "way": "burst" if result.curve is None else "sustained",
        "sustained": None if result.curve is None else asdict(result.curve),
        "measurement": to_json(result.measurement),
    }
