"""How scores of zero-cost proxies look on a terminal, and as JSON."""

from collections import Counter
from typing import Any

from edgeprof.cli.console import console, plain_table, print_facts, print_table
from edgeprof_predictor.proxies import ProxyRecord, ProxyScore, SpaceScores


def print_record(source: str, record: ProxyRecord) -> None:
    """Print the proxies of one network."""
    facts = {name: str(score) for name, score in record.scores.items()}
    print_facts(source, {**facts, "time": f"{record.seconds:.2g} s"})


def print_scores(scores: SpaceScores, shown_count: int) -> None:
    """Print a row for each architecture, the first so many, and why scores are missing."""
    table = plain_table()
    for name in scores.proxies:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("architecture", overflow="fold")
    for text, row in list(zip(scores.texts, scores.rows, strict=True))[:shown_count]:
        cells = [_cell(row.get(name)) for name in scores.proxies]
        table.add_row(*cells, text)
    print_table(table)
    if len(scores.texts) > shown_count:
        console.print(f"and {len(scores.texts) - shown_count} more; --output FILE.npz or --json has all")
    reasons = Counter((name, score.reason) for row in scores.rows for name, score in row.items() if score.score is None)
    for (name, reason), count in sorted(reasons.items()):
        console.print(f"{name} is not available for {count} of {len(scores.texts)}: {reason}")


def record_document(source: str, record: ProxyRecord) -> dict[str, Any]:
    """Return the proxies of one network for machines."""
    return {"network": source, "seconds": record.seconds, "proxies": _scores(record.scores.values())}


def space_document(scores: SpaceScores) -> list[dict[str, Any]]:
    """Return the proxies of architectures for machines."""
    return [
        {"architecture": text, "proxies": _scores(row[name] for name in scores.proxies if name in row)}
        for text, row in zip(scores.texts, scores.rows, strict=True)
    ]


def _scores(scores: Any) -> list[dict[str, Any]]:
    return [{"proxy": item.proxy, "score": item.score, "reason": item.reason or None} for item in scores]


def _cell(score: ProxyScore | None) -> str:
    return "-" if score is None or score.score is None else f"{score.score:.4g}"
