"""What a page shows already, for rows and curves that the present code has not computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from benchmarks.paper.results import ResultCurve, ResultFigure, ResultRow, ResultTable


def with_earlier(result: ResultTable | ResultFigure, page: str) -> ResultTable | ResultFigure:
    """Return an exhibit with the page's figures, and the commit that the page names, where it has none of its own.

    Args:
        result: As far as it is computed.
        page: Markdown that `render.markdown` wrote, perhaps of other exhibits; empty for none.
    """
    shown = _shown(page, result.title)
    if isinstance(result, ResultFigure):
        by_curve = {(cells["panel"], cells["curve"]): cells for cells in shown}
        curves = (
            curve if curve.y else _earlier_curve(curve, by_curve.get((curve.panel, curve.label), {}), result.is_bars)
            for curve in result.curves
        )
        return replace(result, curves=tuple(curves))
    by_row = {(cells["row"], cells.get("samples", "")): cells for cells in shown}
    rows = (
        row if row.is_computed else _earlier_row(row, by_row.get((row.label, f"{row.count}"), {}), result.columns)
        for row in result.rows
    )
    return replace(result, rows=tuple(rows))


def counted_codes(results: Iterable[ResultTable | ResultFigure]) -> str:
    """Return how many rows and curves of a page are of which commit, the most frequent first."""
    parts = [part for it in results for part in (it.rows if isinstance(it, ResultTable) else it.curves)]
    counts = Counter(f"of commit {part.code}" if part.code else "not computed" for part in parts)
    told = ", ".join(f"{count} {code}" for code, count in counts.most_common())
    return f"Rows and curves of this page: {told}."


def _shown(page: str, title: str) -> list[dict[str, str]]:
    """Return the rows of a section's table, each by the head of its columns."""
    section = page.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line[1:-1].split("|") for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def _earlier_row(row: ResultRow, cells: dict[str, str], columns: tuple[str, ...]) -> ResultRow:
    if not cells.get("code"):
        return row
    numbers = [cells.get(column, "-") for column in columns]
    return replace(
        row,
        ours=tuple(None if number.split()[0] == "-" else float(number.split()[0]) for number in numbers),
        spreads=tuple(float(number.partition("± ")[2]) if "±" in number else None for number in numbers),
        seed_count=int(cells["seeds"]),
        note=cells["note"],
        code=cells["code"],
    )


def _earlier_curve(curve: ResultCurve, cells: dict[str, str], is_bar: bool) -> ResultCurve:
    if not cells.get("code"):
        return curve
    # The third column is named by what the figure counts.
    points = [point.partition(": ") for point in list(cells.values())[2].split(", ")]
    return replace(
        curve,
        x=curve.x if is_bar else tuple(int(x) for x, _, _ in points),
        y=tuple(float(y or x) for x, _, y in points),
        spreads=(None,) * len(points),
        seed_count=int(cells["seeds"]),
        code=cells["code"],
    )
