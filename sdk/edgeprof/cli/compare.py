"""`edgeprof compare`."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.arguments import MAX_PAIR_COUNT
from edgeprof.cli.console import messages, milliseconds, print_facts, print_json
from edgeprof.cli.measurement_text import deciding_inputs_text
from edgeprof.cli.parameters import (
    Count,
    allow_fallback_option,
    device_option,
    effort_option,
    json_option,
    seed_option,
    setting_from,
    setting_options,
)
from edgeprof.cli.progress import print_waiting

if TYPE_CHECKING:
    from edgeprof.measuring.comparison import Candidate, Comparison
    from edgeprof_proto.records.measurement import Measurement

SETTING_FIELDS = {
    "runtime": "runtime",
    "provider": "provider",
    "precision": "precision",
    "threads": "thread_count",
    "batch": "batch_size",
}
"""Names that `--versus` shares with the options of a setting, and the fields they mean; any other is an option."""


@click.command()
@click.argument("a", type=click.Path(path_type=Path), metavar="A.onnx")
@click.argument("b", type=click.Path(path_type=Path), metavar="[B.onnx]", required=False)
@device_option
@setting_options
@click.option(
    "--versus",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is different in B's setting, as threads=2 or graph_optimization=basic; may be given again.",
)
@click.option("--pairs", type=Count(5, MAX_PAIR_COUNT), default=8, show_default=True, help="Measurements of each.")
@seed_option("Seed of the order within pairs.")
@effort_option
@allow_fallback_option
@json_option
def compare(
    a: Path,
    b: Path | None,
    address: str,
    versus: tuple[str, ...],
    pairs: int,
    seed: int,
    effort: str,
    allow_fallback: bool,
    as_json: bool,
    **setting_values: Any,
) -> None:
    """Measure two models, or two settings of one, in alternation, and say which is faster, if that is certain."""
    import edgeprof

    if b is None and not versus:
        raise click.UsageError("name a second model, or what is different in B's setting with --versus NAME=VALUE")
    setting = setting_from(**setting_values)
    first = edgeprof.Candidate(name=a.name, model=a, setting=setting)
    name = " ".join([(b or a).name, *versus])
    second = edgeprof.Candidate(name=name, model=b or a, setting=_with_changes(setting, versus))
    with edgeprof.connect(address) as client:
        found = edgeprof.compare(
            client,
            first,
            second,
            pair_count=pairs,
            plan=edgeprof.make_plan(effort),
            allow_fallback=allow_fallback,
            seed=seed,
            on_measurement=_print_measurement,
            on_waiting=print_waiting,
        )
    if as_json:
        print_json(_document(found))
    else:
        _print(found)


def _print_measurement(candidate: "Candidate", measurement: "Measurement") -> None:
    messages.print(f"{candidate.name}: {milliseconds(measurement.median_ms)}, {measurement.verdict.kind.text}")


def _document(found: "Comparison") -> dict[str, Any]:
    """The result for machines."""
    a_ms, b_ms = found.median_ms
    return {
        "a": {"name": found.a.name, "median_ms": a_ms},
        "b": {"name": found.b.name, "median_ms": b_ms},
        "ratio": found.ratio,
        "lower": found.lower,
        "upper": found.upper,
        "level": found.level,
        "faster": found.faster,
        "is_certain": found.faster is not None,
        "unstable_count": found.unstable_count,
        "pairs": [
            {"a_ms": pair.a.median_ms, "b_ms": pair.b.median_ms, "is_a_first": pair.is_a_first} for pair in found.pairs
        ],
    }


def _print(found: "Comparison") -> None:
    a_ms, b_ms = found.median_ms
    facts = {
        "A": milliseconds(a_ms),
        "B": milliseconds(b_ms),
        "B takes": f"{found.ratio:.3f} times A's time, {found.lower:.3f} to {found.upper:.3f} ({found.level:.0%})",
        "conclusion": _conclusion(found),
        "measurements": f"{2 * len(found.pairs)}, {found.unstable_count} of them not stable",
    }
    for name, measurement in (("A", found.pairs[0].a), ("B", found.pairs[0].b)):
        if warning := deciding_inputs_text(measurement.inputs):
            facts[f"warning for {name}"] = warning
    print_facts(f"A {found.a.name}, B {found.b.name} on {found.device.board or found.device.host_name}", facts)


def _with_changes(setting: Any, changes: tuple[str, ...]) -> Any:
    for change in changes:
        name, _, value = change.partition("=")
        if not (name and value):
            raise click.BadParameter(f"--versus wants NAME=VALUE, got {change!r}")
        field = SETTING_FIELDS.get(name)
        if field is None:
            setting = replace(setting, options={**setting.options, name: value})
        elif isinstance(getattr(setting, field), int):
            if not re.fullmatch("[0-9]{1,9}", value):
                raise click.BadParameter(f"--versus {name} wants a number, got {value!r}")
            setting = replace(setting, **{field: int(value)})
        else:
            setting = replace(setting, **{field: value})
    return setting


def _conclusion(found: "Comparison") -> str:
    if found.faster is None:
        return "not certain: the interval includes 1, so either may be faster; more --pairs narrow it"
    name, gain = ("A", found.ratio) if found.faster == "a" else ("B", 1 / found.ratio)
    return f"{name} is faster, {gain:.2f} times as fast; the interval excludes 1"
