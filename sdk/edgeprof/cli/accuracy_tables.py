"""How the scores of accuracy predictors look on a terminal."""

from collections.abc import Sequence

import numpy as np

from edgeprof.cli.console import console, plain_table, print_table
from edgeprof_predictor.accuracy.evaluation import AccuracyScore
from edgeprof_predictor.metrics import sample_deviation

NOT_KNOWN = "-"
"""For what ranks alone cannot have."""


def print_accuracy_scores(scores: Sequence[AccuracyScore]) -> None:
    """Print means over seeds, one line for each method, source and number of samples, then the warnings."""
    seed_count = len({score.seed for score in scores})
    spread = f"{seed_count} seeds, ± sample deviation over seeds" if seed_count > 1 else "1 seed"
    table = plain_table(f"{scores[0].target}, mean over {spread}")
    for heading in ("method", "reads"):
        table.add_column(heading, no_wrap=True)
    table.add_column("source", overflow="fold")
    for heading in ("samples", "spearman", "kendall tau", "90 % interval holds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for key in dict.fromkeys((score.method, score.source, score.sample_count) for score in scores):
        table.add_row(*_cells([score for score in scores if _key(score) == key]))
    print_table(table)
    for warning in dict.fromkeys(f"{score.method}: {score.warning}" for score in scores if score.warning):
        console.print(warning, soft_wrap=True)


def _key(score: AccuracyScore) -> tuple[str, str, int]:
    return score.method, score.source, score.sample_count


def _cells(group: Sequence[AccuracyScore]) -> tuple[str, ...]:
    first, ranks = group[0], [score.spearman for score in group]
    spread = f" ± {sample_deviation(ranks):.3f}" if len(group) > 1 else ""
    coverages = [score.interval_coverage for score in group if score.interval_coverage is not None]
    names = first.source.split("+")
    return (
        first.method,
        first.encoding,
        names[0] if len(names) == 1 else f"{len(names)} tasks",
        str(first.sample_count),
        f"{np.mean(ranks):.3f}{spread}",
        f"{np.mean([score.kendall_tau for score in group]):.3f}",
        f"{np.mean(coverages):.0%}" if coverages else NOT_KNOWN,
    )
