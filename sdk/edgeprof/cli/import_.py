"""`edgeprof import`."""

from pathlib import Path

import click

from edgeprof.cli.console import messages, print_facts
from edgeprof.cli.parameters import NameList, json_option
from edgeprof.cli.plain_output import print_json
from edgeprof.cli.table_options import table_options
from edgeprof_predictor.tables.importers import FORMAT_NAMES


@click.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="TABLE.npz", help="Table to write."
)
@click.option(
    "--as",
    "format_name",
    type=click.Choice(FORMAT_NAMES),
    help="Format of SOURCE: HELP's folder, CSV, or JSON lines.  [default: from its name]",
)
@table_options
@click.option(
    "--platforms",
    type=NameList(),
    metavar="A,B,...",
    help="Columns that hold latencies, where others hold something else.  [default: all]",
)
@json_option
def import_(
    source: Path,
    output: Path,
    format_name: str | None,
    space_name: str | None,
    unit: str,
    platforms: tuple[str, ...] | None,
    as_json: bool,
) -> None:
    """Import a table of latencies that others have published.

    SOURCE is a folder of HELP, a CSV file with one row an architecture or one row a measurement, or JSON lines.
    Nothing is guessed: a latency that is missing, given twice or not greater than 0 is refused with its row.
    """
    import edgeprof

    imported = edgeprof.import_table(
        source, output, format_name=format_name, unit=unit, platforms=platforms, space=space_name
    )
    found = imported.table.platforms
    for note in imported.notes:
        messages.print(f"note: {note}")
    if as_json:
        print_json(
            {
                "output": str(output),
                "architecture_count": len(imported.table.choices),
                "platforms": found,
                "notes": imported.notes,
                "notation": imported.space.name if imported.space else None,
            }
        )
        return
    print_facts(
        str(output),
        {
            "architectures": f"{len(imported.table.choices)}, "
            + (f"texts of {imported.space.name}" if imported.space else "lists of choices"),
            f"{len(found)} platforms": ", ".join(found),
        },
    )
