"""`edgeprof results`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.arguments import MAX_RESULT_NUMBER
from edgeprof.cli.console import plain_table, print_facts, print_table
from edgeprof.cli.deletion import counted, delete
from edgeprof.cli.parameters import Count, json_option
from edgeprof.cli.plain_output import milliseconds, milliseconds_between, print_json, print_long_table
from edgeprof.cli.result_options import FILTERS, chosen_results, given_options, refuse_unused, result_options
from edgeprof.cli.results_over_time import ratio_text, show_over_time

if TYPE_CHECKING:
    from edgeprof.reporting import Results
    from edgeprof.store import StoredResult

MOST_SHOWN = 100_000

MOST_LAID_OUT = 500
"""Results that are laid out for the width of the terminal; more of them are printed as they are."""

HEADINGS = ("number", "stored", "network or model", "median", "90 % interval", "verdict", "platform")
RIGHT = ("number", "median")

NUMBER = Count(1, MAX_RESULT_NUMBER)

TAKEN = {
    "shown": frozenset[str](),
    "compared": frozenset[str](),
    "report": frozenset(("device", "model")),
    "is_over_time": FILTERS | {"picture"},
    "is_deletion": FILTERS | {"is_agreed"},
    "output": FILTERS | {"limit"},
}
"""What is done instead of a list, and the parameters that each has a use for."""


@click.command()
@result_options
@click.option("--limit", type=Count(1, MOST_SHOWN), default=50, show_default=True, help="Show at most so many.")
@click.option("--show", "shown", type=NUMBER, metavar="NUMBER", help="Show one result with all its evidence.")
@click.option("--compare", "compared", type=NUMBER, nargs=2, metavar="A B", help="Say how much slower B is than A.")
@click.option("--over-time", "is_over_time", is_flag=True, help="Say at which change a model became slower.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw what --over-time tells of one model; its ending chooses the format.",
)
@click.option(
    "--add",
    "report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Add the report of benchmark_app, litert-benchmark or onnxruntime_perf_test, measured on --device.",
)
@click.option(
    "--export",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all that are wanted, with --limit the newest: .csv, .jsonl (with every run) or .parquet.",
)
@click.option("--delete", "is_deletion", is_flag=True, help="Delete what is wanted, after showing what that is.")
@click.option("--yes", "is_agreed", is_flag=True, help="Delete without asking.")
@json_option
def results(
    limit: int,
    shown: int | None,
    compared: tuple[int, int] | None,
    is_over_time: bool,
    picture: Path | None,
    report: Path | None,
    output: Path | None,
    is_deletion: bool,
    is_agreed: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Show what this host has measured, the newest first; compare two results, or write them for other programs.

    What --export writes of a search space, with --fastest, `edgeprof fit` and `edgeprof import` read.
    """
    given = _checked_options(chosen)
    if shown is not None:
        _show(shown, as_json=as_json)
        return
    if compared is not None:
        _compare(*compared, as_json=as_json)
        return
    if report is not None:
        _add(report, chosen["device"], chosen["model"], as_json=as_json)
        return
    most = limit if "limit" in given else None
    found = chosen_results(limit=most if is_over_time or is_deletion or output else limit + 1, **chosen)
    if is_deletion:
        delete(found, is_agreed=is_agreed, as_json=as_json)
        return
    if is_over_time:
        show_over_time(found, picture, as_json=as_json)
        return
    if output is not None:
        found[:most].export(output)
        click.echo(f"{counted(len(found[:most]))}: {output}")
        return
    _list(found, limit, as_json=as_json)


def _add(report: Path, device: str, model: str, *, as_json: bool) -> None:
    import edgeprof
    from edgeprof.reporting.columns import columns_of

    added = edgeprof.add_result(report, device=device, model=model)
    if as_json:
        print_json(columns_of(added))
        return
    told = f"{added.name} on {added.device} by {added.source}, {milliseconds(added.median_ms)}"
    click.echo(f"result {added.number}: {told}; it has no verdict and no interval")


def _checked_options(chosen: dict[str, Any]) -> dict[str, str]:
    """Return the options that were given, by the names of their parameters, once it is known that each has a use."""
    given = given_options()
    actions = [name for name in TAKEN if name in given]
    if len(actions) > 1:
        raise click.UsageError(
            "--show, --compare, --over-time, --add, --export and --delete do different things: give one of them"
        )
    if "picture" in given and "is_over_time" not in given:
        raise click.UsageError("--picture draws what --over-time tells: give both")
    if "is_agreed" in given and "is_deletion" not in given:
        raise click.UsageError("--yes belongs to --delete")
    if "is_over_time" in given and not (chosen["model"] or chosen["architecture"]):
        raise click.UsageError("--over-time looks at one model: name it by --model, or by --architecture")
    if "is_deletion" in given and (chosen["is_fastest"] or not any(chosen.values())):
        raise click.UsageError("--delete must be told what: --until, --device or another filter, without --fastest")
    for action in actions:
        refuse_unused({*TAKEN[action], action, "as_json"}, given[action])
    return given


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


def _verdict(item: "StoredResult") -> str:
    from edgeprof.store.results import OWN_SOURCE

    return item.verdict.text if item.source == OWN_SOURCE else f"no verdict, by {item.source}"


def _lay_out(rows: Sequence[tuple[str, ...]]) -> None:

    table = plain_table()
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
        _verdict(item),
        item.platform,
    )


def _interval(item: "StoredResult") -> str:
    if item.lower_ms is None or item.upper_ms is None:
        return "too few blocks" if item.job_id else "not reported"
    return milliseconds_between(item.lower_ms, item.upper_ms)


def _show(number: int, *, as_json: bool) -> None:
    import edgeprof
    from edgeprof.cli.measurement_text import measurement_facts
    from edgeprof.reporting.columns import columns_of
    from edgeprof.reporting.listing import find_result
    from edgeprof.store import opened
    from edgeprof_proto.record_json import to_json

    with opened(None) as store:
        item = find_result(number, store)
        report = store.other_report(number)
    if report:
        _show_other(item, report, as_json=as_json)
        return
    item, measurement = edgeprof.result(number)
    if as_json:
        print_json({**columns_of(item), "measurement": to_json(measurement)})
        return
    where = f"{item.device} at {item.address}" if item.address else item.device
    facts = {
        "device": where,
        "stored": item.store_time.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z"),
        "measured for": " ".join(part for part in (item.purpose, item.space) if part) or "a benchmark",
        "model file": f"SHA-256 {item.model_sha256}",
    }
    print_facts(f"result {number}: {item.name}", {**facts, **measurement_facts(measurement)})


def _show_other(item: "StoredResult", report: str, *, as_json: bool) -> None:
    from edgeprof.reporting.columns import columns_of

    if as_json:
        print_json({**columns_of(item), "report": report})
        return
    facts = {
        "device": item.device,
        "stored": item.store_time.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z"),
        "median": milliseconds(item.median_ms),
        "platform": item.platform,
        "note": f"measured by {item.source}, which gives neither a verdict nor an interval; --json holds its report",
    }
    print_facts(f"result {item.number}: {item.name}", facts)


def _compare(first: int, second: int, *, as_json: bool) -> None:
    import edgeprof
    from edgeprof.reporting.columns import columns_of
    from edgeprof.reporting.listing import find_result
    from edgeprof.store import opened

    with opened(None) as store:
        found = edgeprof.difference(find_result(first, store), find_result(second, store))
    if as_json:
        both = {"first": columns_of(found.first), "second": columns_of(found.second)}
        print_json({**both, **found.as_json()})
        return
    print_facts(
        f"result {second} against result {first}",
        {
            f"result {first}": f"{milliseconds(found.first.median_ms)}, {_verdict(found.first)}",
            f"result {second}": f"{milliseconds(found.second.median_ms)}, {_verdict(found.second)}",
            "ratio": ratio_text(found),
            "different": "; ".join(f"{name} {a} and {b}" for name, a, b in found.changes) or "the time alone",
            "note": "not measured side by side: where it matters, `edgeprof compare` measures in pairs",
        },
    )
