"""`edgeprof predict`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.device_options import optional_device_option
from edgeprof.cli.model_inputs import as_mapping, shape_option
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import milliseconds, milliseconds_between, print_json
from edgeprof.cli.profile_options import profile_setting_options
from edgeprof.cli.text_file import TextFile

if TYPE_CHECKING:
    from edgeprof_predictor.profile_file import ProfileFile

Row = tuple[str, float, float, float]
"""An architecture, its latency and the ends of the interval in milliseconds."""


@click.command()
@click.argument("profile", type=click.Path(path_type=Path))
@click.argument("architectures", nargs=-1, metavar="[ARCHITECTURE|MODEL]...")
@click.option(
    "--file", "listing", type=TextFile(), help="Read architectures from a file, one to a line; - reads stdin."
)
@optional_device_option("Ask this device for the graphs of models.  [default: this host]")
@shape_option
@profile_setting_options
@json_option
def predict(
    profile: Path,
    architectures: tuple[str, ...],
    listing: list[str] | None,
    address: str | None,
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
    runtime: str,
    precision: str,
    as_json: bool,
) -> None:
    """Say how fast networks run on the platform of PROFILE: architectures of its search spaces, or files of models.

    Needs neither the device nor this host's store. Into a pipe or a file it writes tab-separated lines: latency, lower
    and upper end of the 90 % interval, all in milliseconds, then the architecture, or the verdict and the model.
    """
    import edgeprof
    from edgeprof.cli import predict_models

    texts = [*architectures, *(line.strip() for line in listing or () if line.strip())]
    if not texts:
        raise click.UsageError("name an architecture or a model, or a file with --file")
    file = edgeprof.ProfileFile(profile, runtime=runtime, precision=precision)
    models = models_among(file, texts)
    if not models and (address is not None or shapes):
        raise click.UsageError("--device and --shape belong to models, and none is named")
    rows = _rows(file, [text for text in texts if text not in models])
    predicted = predict_models.predicted(file, models, address=address, input_shapes=as_mapping(shapes))
    if as_json:
        names = ("architecture", "latency_ms", "lower_ms", "upper_ms")
        documents: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in rows]
        print_json([*documents, *map(predict_models.document, predicted)])
    else:
        _print(rows)
        predict_models.print_predicted(predicted)
    predict_models.report_failures(predicted)


def models_among(file: "ProfileFile", texts: Sequence[str]) -> list[str]:
    """Return the texts that name models: what is there as a file, and what no search space of a profile knows.

    Args:
        file: The profiles. Without one of models, every text is an architecture.
        texts: Architectures and models.
    """
    if not file.predicts_models:
        return []
    return [text for text in texts if os.path.exists(text) or file.space_of(text) is None]


def _rows(file: "ProfileFile", texts: Sequence[str]) -> list[Row]:
    """Predict architectures, which may be of several search spaces; in the order given.

    Raises:
        ArchitectureError: If a text is none of a space that the profile predicts.
    """
    import edgeprof

    by_space: dict[str, list[str]] = {}
    for text in texts:
        by_space.setdefault(file.space_of(text) or next(iter(file.spaces), ""), []).append(text)
    found: dict[str, Row] = {}
    for space, listed in by_space.items():
        prediction = edgeprof.predict(file.profile(space), listed)
        columns = (prediction.latency_ms, prediction.lower_ms, prediction.upper_ms)
        found.update((row[0], row) for row in zip(listed, *(column.tolist() for column in columns), strict=True))
    return [found[text] for text in texts]


def _print(rows: Sequence[Row]) -> None:
    if not sys.stdout.isatty():
        for text, latency_ms, lower_ms, upper_ms in rows:
            click.echo(f"{latency_ms:.4g}\t{lower_ms:.4g}\t{upper_ms:.4g}\t{text}")
        return

    from edgeprof.cli.console import plain_table, print_table

    table = plain_table()
    for heading in ("latency", "90 % interval"):
        table.add_column(heading, no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for text, latency_ms, lower_ms, upper_ms in rows:
        interval = milliseconds_between(lower_ms, upper_ms)
        table.add_row(milliseconds(latency_ms), interval, text)
    if table.row_count:
        print_table(table)
