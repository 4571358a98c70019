"""`edgeprof benchmark`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.benchmark_table import measure_table
from edgeprof.cli.console import messages, print_facts
from edgeprof.cli.device_options import devices_option
from edgeprof.cli.device_setting import device_setting, table_settings
from edgeprof.cli.measurement_text import measurement_facts, sustained_facts
from edgeprof.cli.model_inputs import as_mapping, model_input_options
from edgeprof.cli.operators_table import print_operators
from edgeprof.cli.parameters import (
    MAX_RUN_COUNT,
    Count,
    Duration,
    Number,
    allow_fallback_option,
    calibration_option,
    effort_option,
    json_option,
    setting_options_beside_runtime,
)
from edgeprof.cli.plain_output import print_json
from edgeprof.cli.progress import MeasurementProgress
from edgeprof.network_source import is_network_source
from edgeprof.output_files import check_output

if TYPE_CHECKING:
    from edgeprof.devices.client import DeviceClient
    from edgeprof.devices.pairings import NamedDevice
    from edgeprof.measuring.benchmark import Benchmark
    from edgeprof_proto.records.job_spec import Setting


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@devices_option
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    help="Runtime on the device; given again, every model is measured by each.  [default: onnxruntime, or else the "
    "first that reads the model]",
)
@setting_options_beside_runtime
@effort_option
@model_input_options
@calibration_option
@click.option("--operators", is_flag=True, help="Time each operator, in runs of their own after the measured ones.")
@click.option(
    "--trace",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the times of the operators into this file, a trace that ui.perfetto.dev opens; implies --operators.",
)
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
    models: tuple[str, ...],
    devices: "list[NamedDevice]",
    runtimes: tuple[str, ...],
    effort: str,
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
    inputs: Path | None,
    calibration: Path | None,
    operators: bool,
    trace: Path | None,
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
    """Measure models on a device: the median with its interval, what ran it, and a verdict with its evidence.

    A MODEL is a file (.onnx, .tflite, .xml or .param with its .bin), a torch module as net.py:make or
    package.module:make, or a folder of files. Several, or several runtimes, give a table, fastest first; several
    devices measure them at once.
    """
    import edgeprof

    is_table = len(models) > 1 or len(runtimes) > 1 or len(devices) > 1 or Path(models[0]).is_dir()
    _check_options(
        models, runtimes, is_table=is_table, picture=picture, sustained=sustained, operators=operators, trace=trace
    )
    _check_calibration(calibration, models)
    plan = edgeprof.make_plan(
        effort,
        sustained_s=sustained,
        warmup_run_count=warmup_runs,
        timed_run_count=num_runs,
        timed_duration_s=min_time,
        start_temperature_celsius=start_temperature,
        max_wait_s=max_wait,
    )
    options: dict[str, Any] = {
        "plan": plan,
        "allow_fallback": allow_fallback,
        "release_model": release_model,
        "input_shapes": as_mapping(shapes),
        "inputs": inputs,
        "calibration": calibration,
    }
    if is_table:
        _measure_several(devices, models, runtimes, setting_values, as_json=as_json, **options)
        return
    with edgeprof.connect(devices[0].address) as client:
        path = None if is_network_source(models[0]) else Path(models[0])
        setting = device_setting(client, path, runtime=runtimes[0] if runtimes else None, **setting_values)
        options |= {"sustained_s": sustained, "wants_operators": operators or trace is not None}
        _measure_one(client, models[0], setting, as_json=as_json, picture=picture, trace=trace, **options)


def _measure_several(
    devices: "list[NamedDevice]",
    models: tuple[str, ...],
    runtimes: tuple[str, ...],
    setting_values: dict[str, Any],
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure a table on one device, or the same on several."""
    import edgeprof

    if len(devices) > 1:
        from edgeprof.cli.benchmark_fleet import benchmark_on

        benchmark_on(devices, models, runtimes, setting_values, as_json=as_json, **options)
        return
    with edgeprof.connect(devices[0].address) as client:
        settings = table_settings(client, runtimes, **setting_values)
        measure_table(client, models, settings=settings, as_json=as_json, **options)


def _measure_one(
    client: "DeviceClient",
    model: str,
    setting: "Setting",
    *,
    as_json: bool,
    picture: Path | None,
    trace: Path | None,
    **options: Any,
) -> None:
    import edgeprof

    name = Path(model).name
    with MeasurementProgress(name, options["plan"]) as progress:
        result = edgeprof.benchmark(
            client,
            model,
            setting=setting,
            on_event=progress.on_job_event,
            on_waiting=progress.on_waiting,
            on_collected=_print_collected,
            **options,
        )
    title = f"{name} on {result.device.board or result.device.host_name}"
    if as_json:
        print_json(_document(result))
    else:
        _print_result(title, result, with_operators=options["wants_operators"])
    if picture is not None and result.curve is not None:
        from edgeprof.plots.sustained_plot import draw_curve

        messages.print(f"plot: {draw_curve(result.curve, title, picture)}")
    if trace is not None:
        written = edgeprof.write_operator_trace(result.measurement, trace, title=title)
        messages.print(f"trace: {written}; open it in ui.perfetto.dev")


def _check_options(
    models: tuple[str, ...],
    runtimes: tuple[str, ...],
    *,
    is_table: bool,
    picture: Path | None,
    sustained: float | None,
    operators: bool,
    trace: Path | None,
) -> None:
    """Check options that do not go together.

    Raises:
        click.UsageError: If some do not.
        OutputFileError: If a file could not be written.
    """
    if len(set(runtimes)) < len(runtimes):
        raise click.UsageError("--runtime names one twice; give each once")
    given = {"--sustained": sustained is not None, "--picture": picture is not None, "--operators": operators}
    given["--trace"] = trace is not None
    names = [name for name, is_given in given.items() if is_given]
    if is_table and names:
        raise click.UsageError(f"{names[0]} takes one model and one runtime, on one device; a table has several")
    check_output(trace, inputs=[models[0]])
    if picture is None:
        return
    if sustained is None:
        raise click.UsageError("--picture draws the curve of --sustained; give both")
    from edgeprof.plots.figure_file import check_picture

    check_picture(picture, inputs=[Path(models[0])])


def _check_calibration(calibration: Path | None, models: tuple[str, ...]) -> None:
    if calibration is not None and not any(map(is_network_source, models)):
        raise click.UsageError("--calibration is for torch modules, as net.py:make; a file runs as it is")


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

    memory = result.measurement.memory_use
    energy = next(iter(result.measurement.energy_uses), None)
    return {
        "job_id": result.job_id,
        "median_ms": result.measurement.median_ms,
        "runtime_memory_bytes": None if memory is None else memory.runtime_bytes,
        "model_memory_bytes": None if memory is None else memory.model_bytes,
        "run_energy_mj": None if energy is None else energy.run_energy_mj,
        "energy_sensor": None if energy is None else energy.sensor,
        "way": "burst" if result.curve is None else "sustained",
        "sustained": None if result.curve is None else asdict(result.curve),
        "measurement": to_json(result.measurement),
    }
