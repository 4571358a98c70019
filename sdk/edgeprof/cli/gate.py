"""`edgeprof gate`."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import messages
from edgeprof.cli.device_options import device_option
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.model_inputs import as_mapping, model_input_options
from edgeprof.cli.parameters import (
    Latency,
    Percentage,
    allow_fallback_option,
    effort_option,
    json_option,
    setting_options,
)
from edgeprof.cli.plain_output import milliseconds, print_json
from edgeprof.cli.progress import print_candidate, print_waiting
from edgeprof.output_files import check_output

if TYPE_CHECKING:
    from edgeprof.measuring.gate import Gate
    from edgeprof_proto.records.measurement import Measurement

EXIT_FAILED = 1
EXIT_UNDECIDED = 3
"""Not 2, which says that the command line is wrong."""


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@device_option
@setting_options
@click.option("--limit", "limit_ms", type=Latency(), help="Latency that the model must not exceed, as 12ms.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Model that it is compared with, in pairs.")
@click.option("--slower-than", type=Percentage(), help="Share by which it may be slower than the baseline, as 3%.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML there.")
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help='Append a sentence in Markdown there, as to "$GITHUB_STEP_SUMMARY".',
)
@model_input_options
@effort_option
@allow_fallback_option
@json_option
def gate(
    model: Path,
    address: str,
    limit_ms: float | None,
    baseline: Path | None,
    slower_than: float | None,
    junit: Path | None,
    summary: Path | None,
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
    inputs: Path | None,
    effort: str,
    allow_fallback: bool,
    as_json: bool,
    **setting_values: Any,
) -> None:
    """Say whether a model is fast enough, measuring until that is certain.

    The exit status is 0 where it is, 1 where it is not, and 3 where it cannot be told on this device.
    """
    if (limit_ms is None) == (baseline is None) or (baseline is None) != (slower_than is None):
        raise click.UsageError("give --limit, or --baseline with --slower-than")
    import edgeprof
    from edgeprof.measuring.gate import GateOutcome

    for path in (junit, summary):
        check_output(path, inputs=[model, baseline])
    started_s = time.monotonic()
    options: dict[str, Any] = {
        "plan": edgeprof.make_plan(effort),
        "allow_fallback": allow_fallback,
        "input_shapes": as_mapping(shapes),
        "inputs": inputs,
        "on_waiting": print_waiting,
    }
    with edgeprof.connect(address) as client:
        setting = device_setting(client, model, **setting_values)
        if limit_ms is not None:
            found = edgeprof.gate(
                client, model, limit_ms=limit_ms, setting=setting, on_measurement=_print_measurement, **options
            )
        else:
            assert baseline is not None and slower_than is not None
            first, second = (
                edgeprof.Candidate(name=path.name, model=path, setting=setting) for path in (baseline, model)
            )
            found = edgeprof.gate_against(
                client, second, first, slower_than=slower_than, on_measurement=print_candidate, **options
            )
    _report(found, junit, summary, duration_s=time.monotonic() - started_s, as_json=as_json)
    if found.outcome is not GateOutcome.PASSED:
        sys.exit(EXIT_FAILED if found.outcome is GateOutcome.FAILED else EXIT_UNDECIDED)


def _print_measurement(measurement: "Measurement") -> None:
    messages.print(f"measured {milliseconds(measurement.median_ms)}, {measurement.verdict.kind.text}")


def _report(found: "Gate", junit: Path | None, summary: Path | None, *, duration_s: float, as_json: bool) -> None:
    from edgeprof.cli.gate_reports import append_summary, sentence, write_junit

    if junit is not None:
        write_junit(found, junit, duration_s)
    if summary is not None:
        append_summary(found, summary)
    if not as_json:
        click.echo(sentence(found))
        return
    print_json(
        {
            "model": found.model,
            "platform": found.platform.name,
            "outcome": found.outcome.value,
            "value": found.value,
            "unit": "ratio" if found.baseline else "ms",
            "lower": found.lower,
            "upper": found.upper,
            "level": found.level,
            "limit": found.limit,
            "baseline": found.baseline or None,
            "measurement_count": found.measurement_count,
        }
    )
