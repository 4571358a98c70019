"""`edgeprof results`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import print_facts, print_table
from edgeprof.cli.deletion import counted, delete
from edgeprof.cli.parameters import Count, json_option
from edgeprof.cli.plain_output import milliseconds, print_json, print_long_table
from edgeprof.cli.result_options import chosen_results, result_options

if TYPE_CHECKING:
    from edgeprof.reporting import Difference, Results
    from edgeprof.store import StoredResult

MOST_SHOWN = 100_000

MOST_LAID_OUT = 500
"""Results that are laid out for the width of the terminal; more of them are printed as they are."""

HEADINGS = ("number", "stored", "network or model", "median", "90 % interval", "verdict", "platform")
RIGHT = ("number", "median")

NUMBER = Count(1, 2**31 - 1)


@click.command()
@result_options
@click.option("--limit", type=Count(1, MOST_SHOWN), default=50, show_default=True, help="Show at most so many.")
@click.option("--show", "shown", type=NUMBER, metavar="NUMBER", help="Show one result with all its evidence.")
@click.option("--compare", "compared", type=NUMBER, nargs=2, metavar="A B", help="Say how much slower B is than A.")
@click.option(
    "--export",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all that are wanted: .csv, .jsonl (with every run) or .parquet.",
)
@click.option("--delete", "is_deletion", is_flag=True, help="Delete what is wanted, after showing what that is.")
@click.option("--yes", "is_agreed", is_flag=True, help="Delete without asking.")
@json_option
def results(
    limit: int,
    shown: int | None,
    compared: tuple[int, int] | None,
    output: Path | None,
    is_deletion: bool,
    is_agreed: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Show what this host has measured, the newest first; compare two results, or write them for other programs.

    What --export writes of a search space, with --fastest, `edgeprof fit` and `edgeprof import` read.
    """
    if sum((shown is not None, compared is not None, output is not None, is_deletion)) > 1:
        raise click.UsageError("--show, --compare, --export and --delete do different things: give one of them")
    if is_deletion and (chosen["is_fastest"] or not any(chosen.values())):
        raise click.UsageError("--delete must be told what: --until, --device or another filter, without --fastest")
    if is_agreed and not is_deletion:
        raise click.UsageError("--yes belongs to --delete")
    if shown is not None:
        _show(shown, as_json=as_json)
        return
    if compared is not None:
        _compare(*compared, as_json=as_json)
        return
    found = chosen_results(limit=None if is_deletion or output else limit + 1, **chosen)
    if is_deletion:
        delete(found, is_agreed=is_agreed, as_json=as_json)
        return
    if output is not None:
        found.export(output)
        click.echo(f"{counted(len(found))}: {output}")
        return
    _list(found, limit, as_json=as_json)


def _list(found: "Results", limit: int, *, as_json: bool) -> None:
    from edgeprof.reporting.columns import columns_of

    if as_json:
        print_json([columns_of(item) for item in found[:limit]])
        return
    if not found:
        click.echo("the store holds no such result; `edgeprof benchmark` and `edgeprof onboard` write some")
        return
    rows = [_row(item) for item in found[:limit]]
    if len(rows) > MOST_LAID_OUT:
        print_long_table(HEADINGS, rows, right=RIGHT)
    else:
        _lay_out(rows)
    if len(found) > limit:
        click.echo(f"older ones are not shown: --limit shows more than {limit}", err=True)


def _lay_out(rows: Sequence[tuple[str, ...]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in RIGHT else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    print_table(table)


def _row(item: "StoredResult") -> tuple[str, ...]:
    return (
        str(item.number),
        item.store_time.astimezone().strftime("%Y-%m-%d %H:%M"),
        item.name,
        milliseconds(item.median_ms),
        _interval(item),
        item.verdict.text,
        item.platform,
    )


def _interval(item: "StoredResult") -> str:
    if item.lower_ms is None or item.upper_ms is None:
        return "too few blocks"
    return f"{item.lower_ms:.4g} to {item.upper_ms:.4g} ms"


def _show(number: int, *, as_json: bool) -> None:
    import edgeprof
    from edgeprof.cli.measurement_text import measurement_facts
    from edgeprof.reporting.columns import columns_of
    from edgeprof_proto.record_json import to_json

    item, measurement = edgeprof.result(number)
    if as_json:
        print_json({**columns_of(item), "measurement": to_json(measurement)})
        return
    where = f"{item.device_name} at {item.address}" if item.address else item.device_name
    facts = {
        "device": where,
        "stored": item.store_time.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z"),
        "measured for": " ".join(part for part in (item.purpose, item.space) if part) or "a benchmark",
        "model file": f"SHA-256 {item.model_sha256}",
    }
    print_facts(f"result {number}: {item.name}", {**facts, **measurement_facts(measurement)})


def _compare(first: int, second: int, *, as_json: bool) -> None:
    import edgeprof

    found = edgeprof.difference(edgeprof.result(first)[0], edgeprof.result(second)[0])
    if as_json:
        from edgeprof.reporting.columns import columns_of

        print_json(
            {
                "first": columns_of(found.first),
                "second": columns_of(found.second),
                "ratio": found.ratio,
                "lower": found.lower,
                "upper": found.upper,
                "is_certain": found.is_certain,
                "changes": [dict(zip(("what", "first", "second"), change, strict=True)) for change in found.changes],
            }
        )
        return
    print_facts(
        f"result {second} against result {first}",
        {
            f"result {first}": f"{milliseconds(found.first.median_ms)}, {found.first.verdict.text}",
            f"result {second}": f"{milliseconds(found.second.median_ms)}, {found.second.verdict.text}",
            "ratio": _ratio_text(found),
            "different": "; ".join(f"{name} {a} and {b}" for name, a, b in found.changes) or "the time alone",
            "note": "not measured side by side: where it matters, `edgeprof compare` measures in pairs",
        },
    )


def _ratio_text(found: "Difference") -> str:
    interval = f"{found.ratio:.3f} (90 % interval {found.lower:.3f} to {found.upper:.3f})"
    if not found.is_certain:
        return f"{interval}: no difference is certain"
    return f"{interval}: {'slower' if found.ratio > 1 else 'faster'} for certain"
