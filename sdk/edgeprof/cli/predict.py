"""`edgeprof predict`."""

import sys
from pathlib import Path

import click

from edgeprof.cli.console import milliseconds, print_json, print_table
from edgeprof.cli.model_inputs import as_mapping, shape_option
from edgeprof.cli.parameters import json_option
from edgeprof.cli.text_file import TextFile


@click.command()
@click.argument("profile", type=click.Path(path_type=Path))
@click.argument("architectures", nargs=-1, metavar="[ARCHITECTURE|MODEL]...")
@click.option(
    "--file", "listing", type=TextFile(), help="Read architectures from a file, one to a line; - reads stdin."
)
@click.option(
    "--device", "address", metavar="HOST:PORT", help="Ask this device for the graphs of models.  [default: this host]"
)
@shape_option
@json_option
def predict(
    profile: Path,
    architectures: tuple[str, ...],
    listing: list[str] | None,
    address: str | None,
    shapes: tuple[tuple[str, tuple[int, ...]], ...],
    as_json: bool,
) -> None:
    """Say how fast networks run on the platform of PROFILE: architectures of its search space, or files of models.

    Needs neither the device nor this host's store. Into a pipe or a file it writes tab-separated lines: latency, lower
    and upper end of the 90 % interval, all in milliseconds, then the architecture, or the verdict and the model.
    """
    from rich.table import Table

    import edgeprof
    from edgeprof_predictor.operators.profile import predicts_models

    texts = [*architectures, *(line.strip() for line in listing or () if line.strip())]
    if not texts:
        raise click.UsageError("name an architecture or a model, or a file with --file")
    if predicts_models(profile):
        from edgeprof.cli import predict_models

        predict_models.run(profile, texts, address=address, input_shapes=as_mapping(shapes), as_json=as_json)
        return
    if address is not None or shapes:
        raise click.UsageError("--device and --shape belong to profiles of models (`edgeprof onboard --models`)")
    prediction = edgeprof.predict(profile, texts)
    columns = (prediction.latency_ms, prediction.lower_ms, prediction.upper_ms)
    rows = list(zip(texts, *(column.tolist() for column in columns), strict=True))
    if as_json:
        names = ("architecture", "latency_ms", "lower_ms", "upper_ms")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    if not sys.stdout.isatty():
        for text, latency_ms, lower_ms, upper_ms in rows:
            click.echo(f"{latency_ms:.4g}\t{lower_ms:.4g}\t{upper_ms:.4g}\t{text}")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("latency", "90 % interval"):
        table.add_column(heading, no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for text, latency_ms, lower_ms, upper_ms in rows:
        interval = f"{milliseconds(lower_ms)} to {milliseconds(upper_ms)}"
        table.add_row(milliseconds(latency_ms), interval, text)
    print_table(table)
