"""`edgeprof predict` with a profile of models."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.plain_output import milliseconds, milliseconds_between, print_message
from edgeprof.cli.resources_text import NOT_REPORTED, mebibytes

if TYPE_CHECKING:
    from edgeprof.operator_models.host_opinion import HostOpinion
    from edgeprof.operator_models.prediction import PredictedModel
    from edgeprof_predictor.operators.prediction import NetworkPrediction
    from edgeprof_predictor.profile_file import ProfileFile


def predicted(
    file: "ProfileFile", models: Sequence[str], *, address: str | None, input_shapes: Mapping[str, Sequence[int]]
) -> "list[PredictedModel]":
    """Return how fast models run on the platform of a profile.

    Args:
        file: The profiles; where no model is named, there need be none of models.
        models: Files of models, or torch modules.
        address: The device, which then tells the graphs; None for the same runtime on this host.
        input_shapes: Shapes of inputs that leave sizes open.
    """
    import edgeprof

    if not models:
        return []
    if address is None:
        return edgeprof.predict_models(file, models, input_shapes=input_shapes)
    with edgeprof.connect(address) as client:
        return edgeprof.predict_models(file, models, client=client, input_shapes=input_shapes)


def print_predicted(predicted: "Sequence[PredictedModel]") -> None:
    """Print predicted models: a table on a terminal, else tab-separated lines."""
    if sys.stdout.isatty():
        _print_table(predicted)
        return
    for item in predicted:
        click.echo("\t".join(_fields(item)))


def report_failures(predicted: "Sequence[PredictedModel]") -> None:
    """Print to stderr what is to be said beside the predictions.

    Args:
        predicted: The models.

    Raises:
        SystemExit: With status 1 where a model could not be predicted.
    """
    for warning in dict.fromkeys(item.warning for item in predicted if item.warning):
        print_message(warning)
    for item in predicted:
        if item.host is not None:
            print_message(host_text(item.name, item.host))
    failed = [item for item in predicted if item.prediction is None]
    for item in failed:
        print_message(f"{item.name} is not predicted: {item.failure}")
    if failed:
        sys.exit(1)


def host_text(name: str, host: "HostOpinion") -> str:
    """What this host's own measurement adds to a prediction.

    Args:
        name: Name of the model.
        host: The opinion.
    """
    return f"{name} takes {milliseconds(host.latency_ms)} on this host; scaled to the device, weight {host.weight:.2f}"


def document(item: "PredictedModel") -> dict[str, Any]:
    """A predicted model for machines.

    Args:
        item: The model.
    """
    found = item.prediction
    if found is None:
        return {"model": item.name, "failure": item.failure}
    memory = found.memory
    return {
        "model": item.name,
        "latency_ms": found.latency_ms,
        "lower_ms": found.lower_ms,
        "upper_ms": found.upper_ms,
        "peak_memory_bytes": None if memory is None else memory.peak_bytes,
        "peak_memory_lower_bytes": None if memory is None else memory.lower_bytes,
        "peak_memory_upper_bytes": None if memory is None else memory.upper_bytes,
        "model_memory_bytes": None if memory is None else memory.model_bytes,
        "verdict": found.verdict.value,
        "unknown_share": found.unknown_share,
        "remedy": found.remedy,
        "costliest": [
            {"operator": one.record.tag, "count": one.record.count, "time_ms": one.time_us / 1_000, "share": one.share}
            for one in found.costliest
        ],
        "warning": item.warning,
        "host_latency_ms": None if item.host is None else item.host.latency_ms,
        "host_weight": None if item.host is None else item.host.weight,
    }


def _print_table(predicted: "Sequence[PredictedModel]") -> None:

    from edgeprof.cli.console import plain_table, print_table

    table = plain_table()
    for heading in ("latency", "90 % interval", "peak memory"):
        table.add_column(heading, no_wrap=True)
    table.add_column("verdict")
    table.add_column("costs most", overflow="fold")
    table.add_column("model", overflow="fold")
    for item in predicted:
        if item.prediction is not None:
            latency, interval, verdict = latency_texts(item.prediction)
            table.add_row(
                latency, interval, memory_text(item.prediction), verdict, costliest_text(item.prediction), item.name
            )
    if table.row_count:
        print_table(table)


def costliest_text(prediction: "NetworkPrediction") -> str:
    """The operators that cost most, with their shares of the time.

    Args:
        prediction: The prediction.
    """
    return ", ".join(f"{one.record.tag} {one.share:.0%}" for one in prediction.costliest[:3])


def memory_text(prediction: "NetworkPrediction") -> str:
    """The predicted peak memory with its interval, or that nothing is known of it.

    Args:
        prediction: The prediction.
    """
    memory = prediction.memory
    if memory is None:
        return NOT_REPORTED
    return f"{mebibytes(memory.peak_bytes)} ({mebibytes(memory.lower_bytes)} to {mebibytes(memory.upper_bytes)})"


def latency_texts(prediction: "NetworkPrediction") -> tuple[str, str, str]:
    """Latency, interval and verdict of a prediction.

    Args:
        prediction: The prediction.
    """
    verdict = prediction.verdict.value
    if prediction.remedy:
        verdict += f": {prediction.remedy}"
    if prediction.latency_ms is None or prediction.lower_ms is None or prediction.upper_ms is None:
        return "no latency", f"{prediction.foreign_share:.0%} of the time unknown", verdict
    interval = milliseconds_between(prediction.lower_ms, prediction.upper_ms)
    return milliseconds(prediction.latency_ms), interval, verdict


def _fields(item: "PredictedModel") -> list[str]:
    """Latency, ends of the interval, verdict, name, and peak memory in bytes with the ends of its interval.

    Numbers are empty where there is no prediction.
    """
    found = item.prediction
    if found is None:
        return ["", "", "", "failed", item.name, "", "", ""]
    numbers = (found.latency_ms, found.lower_ms, found.upper_ms)
    memory = found.memory
    sizes = () if memory is None else (memory.peak_bytes, memory.lower_bytes, memory.upper_bytes)
    return [
        *("" if value is None else f"{value:.4g}" for value in numbers),
        *(found.verdict.value, item.name),
        *([f"{size:.0f}" for size in sizes] or ["", "", ""]),
    ]
