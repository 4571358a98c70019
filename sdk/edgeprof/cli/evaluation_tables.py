"""How the scores of an evaluation look on a terminal."""

import math
from collections.abc import Sequence

from rich.table import Table

from edgeprof.cli.console import console, plain_table, print_table
from edgeprof_predictor.evaluation import (
    CALIBRATION_FACTOR,
    ErrorCalibration,
    Group,
    Protocol,
    Score,
    check_calibration,
    summarise,
)

NOT_KNOWN = "-"
"""For a figure that ranks alone cannot have."""


def print_scores(scores: Sequence[Score], protocol: Protocol) -> None:
    """Print means, each platform, and whether the expected errors were right."""
    groups, calibrations = summarise(scores), check_calibration(scores)
    tables = [_means_table(groups, protocol), _platforms_table(groups, protocol.test)]
    for table in [*tables, *([_calibration_table(calibrations)] if calibrations else [])]:
        print_table(table)
        console.line()
    for note in _notes(groups, protocol):
        console.print(note, soft_wrap=True)


def _means_table(groups: Sequence[Group], protocol: Protocol) -> Table:
    seeds = f"{len(protocol.seeds)} seeds, ± sample deviation over seeds" if len(protocol.seeds) > 1 else "1 seed"
    table = _table(f"Mean over {len(protocol.test)} platforms and {seeds}", "method", "samples")
    for heading in ("spearman", "kendall tau", "median error", "within 5 %", "within 10 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heading in ("90 % interval holds", "lowest", "width"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in groups:
        spread = f" ± {group.spearman_sd:.3f}" if group.seed_count > 1 else ""
        table.add_row(
            _name(group),
            str(group.sample_count),
            f"{group.spearman:.3f}{spread}",
            f"{group.kendall_tau:.3f}",
            _percent(group.median_ape, digits=1),
            _percent(group.within_5_percent),
            _percent(group.within_10_percent),
            _percent(group.interval_coverage),
            _percent(group.lowest_coverage),
            _percent(group.interval_width_ratio),
        )
    return table


def _platforms_table(groups: Sequence[Group], platforms: Sequence[str]) -> Table:
    table = _table("Spearman of each platform", "method", "samples")
    for platform in platforms:
        table.add_column(platform, justify="right", overflow="fold")
    for group in groups:
        row = [f"{group.platform_spearman[platform]:.3f}" for platform in platforms]
        table.add_row(_name(group), str(group.sample_count), *row)
    return table


def _calibration_table(calibrations: Sequence[ErrorCalibration]) -> Table:
    table = _table(
        f"Error calibration: expected median error within a factor of {CALIBRATION_FACTOR:g}", "method", "samples"
    )
    for heading in ("of platforms and counts", "of single runs", "expected / real"):
        table.add_column(heading, justify="right", no_wrap=True)
    for calibration in calibrations:
        table.add_row(
            calibration.method if calibration.sample_count is None else "",
            "all" if calibration.sample_count is None else str(calibration.sample_count),
            f"{_percent(calibration.within_share)} of {calibration.pair_count}",
            _percent(calibration.within_run_share),
            f"{calibration.typical_ratio:.2f}",
        )
    return table


def _notes(groups: Sequence[Group], protocol: Protocol) -> list[str]:
    notes = []
    if protocol.trim:
        notes.append(
            f"Trimmed: the fastest and the slowest {protocol.trim:.0%} of each platform are left out, as HELP's tables "
            f"do. This uses the whole table of a new platform; not comparable with figures on the full range."
        )
    if any(group.is_upper_bound for group in groups):
        notes.append("* an upper bound, no method: it has seen the whole table of the new platform.")
    if any(group.method.endswith("hwlvec") for group in groups):
        notes.append(
            "hwlvec reads the train platforms' latency of every architecture, not of the pretrain samples alone."
        )
    if 0 in protocol.sample_counts:
        notes.append("Without samples there are ranks and no milliseconds.")
    return notes


def _table(title: str, *left_headings: str) -> Table:
    table = plain_table(title)
    for heading in left_headings:
        table.add_column(heading, no_wrap=True)
    return table


def _name(group: Group) -> str:
    return f"{group.method} *" if group.is_upper_bound else group.method


def _percent(share: float, digits: int = 0) -> str:
    return NOT_KNOWN if math.isnan(share) else f"{share:.{digits}%}"
