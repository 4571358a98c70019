"""What `edgeprof results --over-time` prints, and how a difference is written there and by `--compare`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import plain_table, print_table
from edgeprof.cli.plain_output import milliseconds, print_json

if TYPE_CHECKING:
    from edgeprof.reporting import Difference, LatencyHistory, Period, Results


def show_over_time(found: "Results", picture: Path | None, *, as_json: bool) -> None:
    """Show how the latency of each model went over time, and draw it.

    Args:
        found: Results of the models.
        picture: File to draw the only history into; None for none.
        as_json: Whether to write JSON instead of tables.

    Raises:
        UsageError: If there is a picture to draw of none or of several.
        OutputFileError: If it cannot be written.
    """
    from edgeprof.reporting import over_time

    histories = over_time(found)
    if picture is not None:
        if len(histories) != 1:
            raise click.UsageError(
                f"a picture shows one model on one device in one setting, and these results are of {len(histories)}: "
                "narrow them by --model, --device, --runtime or --precision"
            )
        from edgeprof.plots.over_time_plot import draw_over_time

        draw_over_time(histories[0], picture)
    if as_json:
        print_json([_history_json(history) for history in histories])
        return
    if not histories:
        click.echo("the store holds no such result")
    for history in histories:
        _print_history(history)
    if picture is not None:
        click.echo(f"picture: {picture}", err=True)


def ratio_text(found: "Difference") -> str:
    """Return how much slower the second is, with its interval, and whether that is certain."""
    if found.upper == float("inf"):
        return f"{found.ratio:.3f}, without an interval: no difference is certain"
    interval = f"{found.ratio:.3f} (90 % interval {found.lower:.3f} to {found.upper:.3f})"
    if not found.is_certain:
        return f"{interval}: no difference is certain"
    return f"{interval}: {'slower' if found.ratio > 1 else 'faster'} for certain"


def _history_json(history: "LatencyHistory") -> dict[str, Any]:
    from edgeprof.reporting.columns import columns_of

    return {
        "subject": columns_of(history.subject),
        "periods": [
            {
                "change": period.change,
                "since": period.results[0].store_time.isoformat(timespec="seconds"),
                "until": period.results[-1].store_time.isoformat(timespec="seconds"),
                "numbers": [result.number for result in period.results],
                "typical": columns_of(period.typical),
                "against_previous": period.against_previous and period.against_previous.as_json(),
                "against_first": period.against_first and period.against_first.as_json(),
            }
            for period in history.periods
        ],
    }


def _print_history(history: "LatencyHistory") -> None:

    subject = history.subject
    table = plain_table(f"{subject.name} on {subject.platform}")
    for heading in ("since", "results", "typical", "median", "against the one before", "against the first", "change"):
        table.add_column(heading, justify="right" if heading in ("results", "typical", "median") else "left")
    for period in history.periods:
        table.add_row(
            period.results[0].store_time.astimezone().strftime("%Y-%m-%d"),
            str(len(period.results)),
            str(period.typical.number),
            milliseconds(period.typical.median_ms),
            _percent(period.against_previous),
            _percent(period.against_first),
            period.change or _conditions(period),
        )
    print_table(table)
    for sentence in _sentences(history.slower):
        click.echo(sentence)
    if not history.slower and len(history.periods) > 1:
        click.echo("it became slower for certain at no change")


def _conditions(period: "Period") -> str:
    result = period.typical
    known = {
        "": f"{result.setting.runtime} {result.setting.runtime_version}".strip(),
        "kernel ": result.kernel,
        "agent ": result.agent_version,
    }
    return ", ".join(f"{name}{value}" for name, value in known.items() if value)


def _percent(found: "Difference | None") -> str:
    if found is None:
        return ""
    change = f"{found.ratio - 1:+.1%}"
    if found.upper == float("inf"):
        return f"{change}, uncertain"
    return f"{change} ({found.lower - 1:+.1%} to {found.upper - 1:+.1%}){', certain' if found.is_certain else ''}"


def _sentences(slower: "Sequence[Period]") -> list[str]:
    return [
        f"slower by {period.against_previous.ratio - 1:.1%} for certain since "
        f"{period.results[0].store_time.astimezone():%Y-%m-%d}: {period.change}"
        for period in slower
        if period.against_previous
    ]
