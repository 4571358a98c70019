"""`edgeprof evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgeprof.cli.parameters import CountList, NameList, parallel_options, scores_file_option

if TYPE_CHECKING:
    from edgeprof_predictor.evaluation import Protocol
    from edgeprof_predictor.runs import Journal
    from edgeprof_predictor.spaces import CategoricalSpace
    from edgeprof_predictor.tables.latency_table import LatencyTable


@click.command()
@click.option(
    "--latencies",
    type=click.Path(path_type=Path),
    required=True,
    metavar="TABLE.npz",
    help="Table to evaluate on, as `edgeprof import` writes it.",
)
@click.option("--train", type=NameList(), required=True, metavar="A,B,...", help="Platforms to learn from.")
@click.option("--test", type=NameList(), required=True, metavar="C,D,...", help="New platforms, none of --train.")
@click.option(
    "--samples",
    "sample_counts",
    type=CountList(),
    default="3,5,10,20",
    show_default=True,
    help="Architectures measured on a new platform. 0 ranks without any, 1 gives no more than the scale.",
)
@click.option("--seeds", "seed_count", type=click.IntRange(min=1), default=5, show_default=True, help="Repetitions.")
@click.option(
    "--pretrain-samples",
    type=click.IntRange(min=2),
    default=900,
    show_default=True,
    help="Architectures known of every train platform.",
)
@click.option(
    "--methods",
    "method_names",
    type=NameList(),
    default="default",
    show_default=True,
    help="Methods to compare; an unknown one is answered with all there are.",
)
@click.option(
    "--proxies",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Zero-cost proxies of every architecture, for methods that read them, such as multi-predict-zcpvec.",
)
@click.option("--space", "space_name", help="Search space of the table.  [default: told by notation or options]")
@click.option(
    "--trim",
    type=click.FloatRange(min=0, max=0.5, max_open=True),
    default=0.0,
    help="Leave out this share of the fastest and of the slowest of each platform; 0.1 as in HELP's tables. "
    "Peeks at new platforms, and the output says so.",
)
@parallel_options
@scores_file_option
def evaluate(
    latencies: Path,
    train: tuple[str, ...],
    test: tuple[str, ...],
    sample_counts: tuple[int, ...],
    seed_count: int,
    pretrain_samples: int,
    method_names: tuple[str, ...],
    proxies: Path | None,
    space_name: str | None,
    trim: float,
    jobs: int | None,
    backend: str,
    json_file: Path | None,
) -> None:
    """Compare methods of prediction on platforms that they have not seen.

    Each method learns from the train platforms, gets a few samples of a test platform, and is scored on every
    architecture of the table that was no sample: full range, and nothing else known of the test platform.
    """
    from edgeprof.cli.evaluation_tables import print_scores
    from edgeprof.cli.scored_run import run_scored
    from edgeprof_predictor.evaluation import (
        Protocol,
        Score,
        evaluation_units,
        reads,
        resolve_methods,
        score_encoding,
    )
    from edgeprof_predictor.spaces import get_space
    from edgeprof_predictor.tables.published import load_table_with_space

    readers = reads(method_names, "zcp")
    if readers and proxies is None:
        raise click.UsageError(f"{', '.join(readers)} reads zero-cost proxies: add --proxies FILE.npz")
    space, table = load_table_with_space(latencies, get_space(space_name) if space_name else None)
    protocol = Protocol(
        train=train,
        test=test,
        sample_counts=sample_counts,
        seeds=tuple(range(seed_count)),
        pretrain_samples=pretrain_samples,
        methods=resolve_methods(
            method_names, space, lambda part: score_encoding(part, space, table, train=train, proxies=proxies)
        ),
        trim=trim,
    )
    units = evaluation_units(space, table, protocol)
    journal = _journal(json_file, space, table, protocol, proxies if readers else None)
    rows = run_scored(units, json_file, journal, jobs=jobs, backend=backend)
    print_scores([Score.from_row(row) for row in rows], protocol)


def _journal(
    json_file: Path | None,
    space: "CategoricalSpace",
    table: "LatencyTable",
    protocol: "Protocol",
    proxies: Path | None,
) -> "Journal | None":
    """Open the journal beside the results; without results to write there is none."""
    import hashlib

    from edgeprof_predictor.evaluation import evaluation_inputs
    from edgeprof_predictor.runs import Journal

    if json_file is None:
        return None
    inputs = evaluation_inputs(space, table, protocol)
    if proxies is not None:
        inputs["table of proxies"] = hashlib.sha256(proxies.read_bytes()).hexdigest()
    return Journal.beside(json_file, inputs)
