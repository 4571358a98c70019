"""`edgeprof fit`."""

from pathlib import Path

import click

from edgeprof.cli.console import messages, print_facts
from edgeprof.cli.parameters import json_option, seed_option
from edgeprof.cli.plain_output import print_json
from edgeprof.cli.table_options import TableTrust, bundle_output_options, require_bundle_output, table_options


@click.command()
@click.argument("tables", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="TABLE...")
@bundle_output_options
@click.option(
    "--trust",
    type=TableTrust(),
    multiple=True,
    metavar="TABLE=SHARE",
    help="Let a table count less, as lab.csv=0.5: its errors then have twice the variance. May be given again.",
)
@table_options
@seed_option("Seed of the fit.")
@json_option
def fit(
    tables: tuple[Path, ...],
    output: Path | None,
    registers: bool,
    trust: tuple[tuple[str, float], ...],
    space_name: str | None,
    unit: str,
    seed: int,
    as_json: bool,
) -> None:
    """Fit a predictor to tables of latencies, to onboard devices with it.

    Each TABLE is an .npz file as `edgeprof import` writes it, a CSV file or JSON lines. Platforms may be measured on
    architectures of their own. Then: edgeprof onboard --bundle FILE.bundle
    """
    require_bundle_output(output, registers=registers)
    import edgeprof

    with messages.status("fitting"):
        fitted = edgeprof.fit(
            tables, output, space=space_name, unit=unit, trust=dict(trust), registers=registers, seed=seed
        )
    card = fitted.bundle.card
    for note in fitted.notes:
        messages.print(f"note: {note}")
    if as_json:
        print_json(
            {
                "bundle": str(fitted.path),
                "space": card.space,
                "platforms": card.platforms,
                "architecture_count": card.architecture_count,
                "predicted_shares": fitted.predicted_shares,
                "notes": fitted.notes,
            }
        )
        return
    predicted = {name: share for name, share in fitted.predicted_shares.items() if share}
    print_facts(
        f"{fitted.path}, {card.space}",
        {
            "architectures": f"{card.architecture_count}",
            f"{len(card.platforms)} platforms": ", ".join(card.platforms),
            **{f"{name}, not measured": f"{share:.0%}, predicted from the others" for name, share in predicted.items()},
        },
    )
