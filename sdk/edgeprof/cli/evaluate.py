"""`edgeprof evaluate`."""

from dataclasses import asdict
from pathlib import Path

import click

from edgeprof.arguments import MAX_NETWORK_COUNT, MAX_REPETITION_COUNT
from edgeprof.cli.console import messages
from edgeprof.cli.parameters import (
    Count,
    CountList,
    NameList,
    Number,
    json_option,
    parallel_options,
    scores_file_option,
)
from edgeprof.cli.plain_output import print_json
from edgeprof.cli.unit_progress import unit_callbacks


@click.command()
@click.option(
    "--latencies",
    type=click.Path(path_type=Path),
    required=True,
    metavar="TABLE.npz",
    help="Table to evaluate on, as `edgeprof import` writes it.",
)
@click.option("--train", type=NameList(), default=(), metavar="A,B,...", help="Platforms to learn from.")
@click.option("--test", type=NameList(), required=True, metavar="C,D,...", help="New platforms, none of --train.")
@click.option(
    "--samples",
    "sample_counts",
    type=CountList(),
    default="3,5,10,20",
    show_default=True,
    help="Architectures measured on a new platform. 0 ranks without any, 1 gives no more than the scale.",
)
@click.option(
    "--seeds", "seed_count", type=Count(1, MAX_REPETITION_COUNT), default=5, show_default=True, help="Repetitions."
)
@click.option(
    "--pretrain-samples",
    type=Count(2, MAX_NETWORK_COUNT),
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
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare this bundle, too, as the method bundle; without --train alone.",
)
@click.option(
    "--proxies",
    type=click.Path(path_type=Path),
    metavar="FILE.npz",
    help="Zero-cost proxies of every architecture, for methods that read them, such as multi-predict-zcpvec.",
)
@click.option("--space", "space_name", help="Search space of the table.  [default: from notation or options]")
@click.option(
    "--trim",
    type=Number(0, 0.5, is_highest_allowed=False),
    default=0.0,
    help="Leave out this share of the fastest and of the slowest of each platform; 0.1 as in HELP's tables. "
    "This uses the whole table of a new platform, and the output says so.",
)
@parallel_options
@scores_file_option
@json_option
def evaluate(
    latencies: Path,
    train: tuple[str, ...],
    test: tuple[str, ...],
    sample_counts: tuple[int, ...],
    seed_count: int,
    pretrain_samples: int,
    method_names: tuple[str, ...],
    bundle: Path | None,
    proxies: Path | None,
    space_name: str | None,
    trim: float,
    jobs: int | None,
    backend: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Compare methods of prediction on platforms that they have not seen.

    Each method learns from the train platforms, gets a few samples of a test platform, and is scored on every
    architecture of the table that was no sample: full range, and nothing else known of the test platform.
    """
    import edgeprof
    from edgeprof.cli.evaluation_tables import print_scores
    from edgeprof_predictor.evaluation import reads

    if not train and bundle is None:
        raise click.UsageError("name platforms to learn from with --train, or a bundle with --bundle")
    readers = reads(method_names, "zcp")
    if readers and proxies is None:
        raise click.UsageError(f"{', '.join(readers)} reads zero-cost proxies: add --proxies FILE.npz")
    with unit_callbacks() as (on_begin, on_finished):
        evaluation = edgeprof.evaluate(
            latencies,
            train=train,
            test=test,
            sample_counts=sample_counts,
            seed_count=seed_count,
            pretrain_samples=pretrain_samples,
            methods=method_names,
            bundle=bundle,
            proxies=proxies,
            space=space_name,
            trim=trim,
            output=output,
            jobs=jobs,
            backend=backend,
            on_begin=on_begin,
            on_finished=on_finished,
        )
    if output is not None:
        messages.print(f"scores: {output}")
    if as_json:
        print_json([asdict(score) for score in evaluation.scores])
    else:
        print_scores(evaluation.scores, evaluation.protocol)
