"""`edgeprof compare`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.arguments import MAX_PAIR_COUNT
from edgeprof.cli.console import messages, print_facts
from edgeprof.cli.device_options import device_option
from edgeprof.cli.device_setting import device_setting
from edgeprof.cli.measurement_text import deciding_inputs_text, inputs_text, setting_text
from edgeprof.cli.model_inputs import as_mapping, model_input_options
from edgeprof.cli.parameters import (
    Count,
    allow_fallback_option,
    effort_option,
    json_option,
    seed_option,
    setting_options,
)
from edgeprof.cli.plain_output import milliseconds, print_json
from edgeprof.cli.progress import print_candidate, print_waiting

if TYPE_CHECKING:
    from edgeprof.measuring.candidate import Candidate
    from edgeprof.measuring.comparison import Comparison
    from edgeprof_proto.records.device import Device
    from edgeprof_proto.records.job_spec import Setting


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="[B]", required=False)
@device_option
@click.option("--space", help="Search space, where A and B are architectures of one and no files.")
@setting_options
@click.option(
    "--versus",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is different in B's setting, as threads=2, runtime=openvino or graph_optimization=basic; may be given "
    "again. Another runtime starts from its own defaults.",
)
@click.option("--pairs", type=Count(5, MAX_PAIR_COUNT), default=8, show_default=True, help="Measurements of each.")
@seed_option("Seed of the order within pairs.")
@model_input_options
@effort_option
@allow_fallback_option
@json_option
def compare(
    a: str,
    b: str | None,
    address: str,
    space: str | None,
    versus: tuple[str, ...],
    pairs: int,
    seed: int,
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
    inputs: Path | None,
    effort: str,
    allow_fallback: bool,
    as_json: bool,
    **setting_values: Any,
) -> None:
    """Measure two models, or two settings of one, in alternation, and say which is faster, if that is certain.

    A and B are files of models that the runtime reads, torch modules as file.py:callable, or with --space
    architectures; modules and architectures are exported for the runtime of each.
    """
    import edgeprof
    from edgeprof.network_source import is_network_source

    if b is None and not versus:
        raise click.UsageError("name a second model, or what is different in B's setting with --versus NAME=VALUE")
    changes = _changes(versus)
    with edgeprof.connect(address) as client:
        path = None if space is not None or is_network_source(a) else Path(a)
        setting = device_setting(client, path, **setting_values)
        found = edgeprof.compare(
            client,
            *_candidates(client.device(), a, b, space, setting, changes),
            pair_count=pairs,
            plan=edgeprof.make_plan(effort),
            allow_fallback=allow_fallback,
            input_shapes=as_mapping(shapes),
            inputs=inputs,
            seed=seed,
            on_measurement=print_candidate,
            on_waiting=print_waiting,
            on_unknown_names=_print_unknown_names,
        )
    if as_json:
        print_json(_document(found))
    else:
        _print(found)


def _candidates(
    device: "Device", a: str, b: str | None, space: str | None, setting: "Setting", changes: Mapping[str, str]
) -> "tuple[Candidate, Candidate]":
    """Return A and B; nothing is exported before it is known that both can be."""
    from edgeprof.measuring.candidate import Candidate
    from edgeprof.measuring.changed_setting import changed_setting
    from edgeprof.measuring.setting_check import require_exportable

    settings = (setting, changed_setting(device, setting, changes))
    suffix = "".join(f" {name}={value}" for name, value in changes.items())
    if space is None:
        first, second = Path(a), Path(b or a)
        return (
            Candidate(name=first.name, model=first, setting=settings[0]),
            Candidate(name=second.name + suffix, model=second, setting=settings[1]),
        )
    for item in settings:
        require_exportable(device, item)
    return (
        Candidate.from_architecture(space, a, device, setting=settings[0]),
        Candidate.from_architecture(space, b or a, device, setting=settings[1], name=(b or a) + suffix),
    )


def _print_unknown_names(candidate: "Candidate", names: tuple[str, ...]) -> None:
    messages.print(
        f"{candidate.name} has no input and no open dimension {', '.join(map(repr, names))}: the shape or values go to "
        "the other alone"
    )


def _document(found: "Comparison") -> dict[str, Any]:
    """The result for machines."""
    from edgeprof_proto.record_json import to_json

    a_ms, b_ms = found.median_ms
    return {
        "a": {"name": found.a.name, "median_ms": a_ms, "setting": to_json(found.pairs[0].a.setting)},
        "b": {"name": found.b.name, "median_ms": b_ms, "setting": to_json(found.pairs[0].b.setting)},
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
        "A": f"{milliseconds(a_ms)}, {setting_text(found.pairs[0].a.setting)}",
        "B": f"{milliseconds(b_ms)}, {setting_text(found.pairs[0].b.setting)}",
        "B takes": f"{found.ratio:.3f} times A's time, {found.lower:.3f} to {found.upper:.3f} ({found.level:.0%})",
        "conclusion": _conclusion(found),
        "measurements": f"{2 * len(found.pairs)}, {found.unstable_count} of them not stable",
    }
    facts |= _inputs_facts(found)
    for name, measurement in (("A", found.pairs[0].a), ("B", found.pairs[0].b)):
        if warning := deciding_inputs_text(measurement.inputs):
            facts[f"warning for {name}"] = warning
    print_facts(f"A {found.a.name}, B {found.b.name} on {found.device.board or found.device.host_name}", facts)


def _inputs_facts(found: "Comparison") -> dict[str, str]:
    """The inputs of both where something was given for them: one may lack what the other has."""
    if not (found.platform("a").inputs or found.platform("b").inputs):
        return {}
    a, b = inputs_text(found.pairs[0].a.inputs), inputs_text(found.pairs[0].b.inputs)
    return {"inputs": a} if a == b else {"inputs of A": a, "inputs of B": b}


def _changes(versus: Sequence[str]) -> dict[str, str]:
    changes = {}
    for change in versus:
        name, _, value = change.partition("=")
        if not (name and value):
            raise click.UsageError(f"--versus wants NAME=VALUE, got {change!r}")
        if name in changes:
            raise click.UsageError(f"--versus gives {name} twice; give each name once")
        changes[name] = value
    return changes


def _conclusion(found: "Comparison") -> str:
    if found.faster is None:
        return "not certain: the interval includes 1, so either may be faster; more --pairs narrow it"
    name, gain = ("A", found.ratio) if found.faster == "a" else ("B", 1 / found.ratio)
    return f"{name} is faster, {gain:.2f} times as fast; the interval excludes 1"
