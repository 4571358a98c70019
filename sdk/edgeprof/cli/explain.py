"""`edgeprof explain`."""

import dataclasses
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import console, messages, plain_table, print_table
from edgeprof.cli.device_options import optional_device_option
from edgeprof.cli.model_inputs import as_mapping, shape_option
from edgeprof.cli.parameters import Count, json_option
from edgeprof.cli.plain_output import milliseconds, print_json
from edgeprof.cli.profile_options import profile_setting_options
from edgeprof.operator_models.layers import MAX_DEPTH, grouped

if TYPE_CHECKING:
    from edgeprof.operator_models.prediction import PredictedModel
    from edgeprof_predictor.operators.prediction import NetworkPrediction, OperatorPrediction

MAX_ROW_COUNT = 1_000


@click.command()
@click.argument("profile", type=click.Path(path_type=Path))
@click.argument("model", metavar="MODEL|FILE.py:CALLABLE")
@optional_device_option("Ask this device for the graph.  [default: this host]")
@shape_option
@profile_setting_options
@click.option("--rows", type=Count(1, MAX_ROW_COUNT), default=20, show_default=True, help="Operators to show.")
@click.option(
    "--depth",
    type=Count(1, MAX_DEPTH),
    help="Levels of the modules that layers are grouped by.  [default: the fewest that give four groups]",
)
@click.option(
    "--what-if",
    is_flag=True,
    help="Tell what changes would save: every other setting that PROFILE holds, and of the costliest operators.",
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="CHANGE",
    help="With --what-if: another shape or size as ids=1x64 or batch=4, another model, or another profile's file; may "
    "be given again.",
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the time of each operator along the network into this file.",
)
@json_option
def explain(
    profile: Path,
    model: str,
    address: str | None,
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
    runtime: str,
    precision: str,
    rows: int,
    depth: int | None,
    what_if: bool,
    variants: tuple[str, ...],
    picture: Path | None,
    as_json: bool,
) -> None:
    """Say where the time of MODEL goes on the platform of PROFILE, operator by operator, without running it."""
    import edgeprof
    from edgeprof.cli import what_if_table
    from edgeprof.cli.predict_models import host_text

    if variants and not what_if:
        raise click.UsageError("--variant is a change to predict with --what-if; give it too")
    changes = what_if_table.changes_of(variants)
    if picture is not None:
        from edgeprof.plots.figure_file import check_picture

        check_picture(picture, inputs=[profile, model])
    file = edgeprof.ProfileFile(profile, runtime=runtime, precision=precision)
    with ExitStack() as resources:
        client = None if address is None else resources.enter_context(edgeprof.connect(address))
        found = None
        if what_if:
            found = edgeprof.what_if(file, model, client=client, input_shapes=as_mapping(shapes), **changes)
            predicted = found.original
        else:
            predicted = edgeprof.predict_models(file, [model], client=client, input_shapes=as_mapping(shapes))[0]
    prediction = predicted.prediction
    if prediction is None:
        raise edgeprof.EdgeprofError(predicted.failure)
    if as_json:
        changed = {} if found is None else {"what_if": what_if_table.document(found)}
        print_json({**_document(predicted, prediction, depth), **changed})
    else:
        _print(predicted.name, prediction, rows)
        _print_groups(predicted, depth)
        if found is not None:
            what_if_table.print_what_if(found)
    if predicted.warning:
        messages.print(predicted.warning)
    if predicted.host is not None:
        messages.print(host_text(predicted.name, predicted.host))
    if picture is not None:
        from edgeprof.plots.operator_plot import draw_operators

        messages.print(f"plot: {draw_operators(predicted, picture, depth=depth)}")


def _print(name: str, prediction: "NetworkPrediction", rows: int) -> None:
    from edgeprof.cli.predict_models import latency_texts, memory_text

    latency, interval, verdict = latency_texts(prediction)
    console.print(f"{name}: {latency} ({interval}), {verdict}")
    console.print(f"peak memory: {memory_text(prediction)}")
    table = plain_table()
    for heading in ("time", "share", "times"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("operator", "shape", "measured", "first of them"):
        table.add_column(heading, overflow="fold")
    for one in prediction.operators[:rows]:
        table.add_row(
            milliseconds(one.time_us / 1_000),
            f"{one.share:.1%}",
            str(one.record.count),
            one.record.tag,
            size_text(one),
            "yes" if one.is_measured else "never",
            next(iter(one.record.names), ""),
        )
    print_table(table)
    hidden = prediction.operators[rows:]
    if hidden:
        console.print(f"{len(hidden)} kinds of operators more take {sum(one.share for one in hidden):.1%}")


def _print_groups(predicted: "PredictedModel", depth: int | None) -> None:
    groups = grouped(predicted.layers, depth)
    if len(groups) < 2:
        return  # the nodes' names tell no modules
    table = plain_table("by layer, in the order of the network")
    for heading in ("time", "share", "operators"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("layer", overflow="fold")
    for group in groups:
        table.add_row(
            milliseconds(group.time_ms), f"{group.share:.1%}", str(group.operator_count), group.name or "(no module)"
        )
    print_table(table)


def size_text(one: "OperatorPrediction") -> str:
    """How much an operator computes and moves.

    Args:
        one: The operator, or several identical ones, of which one is told.
    """
    sizes = one.record.sizes
    return f"{sizes.flops / 1e6:.3g} MFLOP, {(sizes.activation_bytes + sizes.weight_bytes) / 1e6:.3g} MB"


def _document(predicted: "PredictedModel", prediction: "NetworkPrediction", depth: int | None) -> dict[str, Any]:
    """The result for machines."""
    from edgeprof.cli.predict_models import document

    operators = [
        {
            "operator": one.record.tag,
            "class": one.record.operator_class.value,
            "count": one.record.count,
            "time_ms": one.time_us / 1_000,
            "share": one.share,
            "flops": one.record.sizes.flops,
            "bytes": one.record.sizes.activation_bytes + one.record.sizes.weight_bytes,
            "is_measured": one.is_measured,
            "names": list(one.record.names),
        }
        for one in prediction.operators
    ]
    layers = [
        {"name": layer.name, "class": layer.operator_class.value, "time_ms": layer.time_ms}
        for layer in predicted.layers
    ]
    groups = [dataclasses.asdict(group) for group in grouped(predicted.layers, depth)]
    return {**document(predicted), "operators": operators, "layers": layers, "groups": groups}
