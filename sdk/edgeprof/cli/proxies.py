"""`edgeprof proxies`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.arguments import MAX_NETWORK_COUNT
from edgeprof.cli.console import messages
from edgeprof.cli.parameters import Count, NameList, json_option, parallel_options, seed_option
from edgeprof.cli.plain_output import print_json

if TYPE_CHECKING:
    from edgeprof_predictor.proxies import SpaceScores

MAX_SIZE = 1_000_000
"""Items of a batch, and classes, at most."""

SHOWN_COUNT = 20
"""Architectures that the table on a terminal shows; a file or --json has all of them."""


class Shape(click.ParamType[tuple[int, ...]]):
    """Sizes joined by commas, such as `3,32,32`."""

    name = "shape"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Split the text into sizes."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",")]
        if not all(re.fullmatch("0{0,9}[1-9][0-9]{0,5}", part) for part in parts):
            self.fail(f"{value[:40]!r} is no shape of sizes below a million; write 3,32,32", param, ctx)
        return tuple(map(int, parts))


@click.command()
@click.argument("subject", metavar="MODULE|SPACE")
@click.argument("architectures", nargs=-1, metavar="[ARCHITECTURE]...")
@click.option("--count", type=Count(1, MAX_NETWORK_COUNT), help="Draw so many architectures of the space by --seed.")
@click.option(
    "--table", type=click.Path(path_type=Path), metavar="FILE.npz", help="Take the architectures of a table, `arch`."
)
@click.option("--proxies", "names", type=NameList(), metavar="A,B,...", help="Which proxies.  [default: all]")
@seed_option("Of weights, batch and draws.")
@click.option("--batch-size", type=Count(1, MAX_SIZE), default=32, show_default=True, help="Items of the batch.")
@click.option(
    "--input-shape",
    "input_shapes",
    type=Shape(),
    multiple=True,
    default=["3,32,32"],
    show_default=True,
    help="Shape of one item, of MODULE; given again for each further input.",
)
@click.option("--classes", type=Count(2, MAX_SIZE), help="Classes of MODULE's task.  [default: all of its output]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE.npz", help="Write the scores as a table."
)
@parallel_options
@json_option
def proxies(
    subject: str,
    architectures: tuple[str, ...],
    count: int | None,
    table: Path | None,
    names: tuple[str, ...] | None,
    seed: int,
    batch_size: int,
    input_shapes: tuple[tuple[int, ...], ...],
    classes: int | None,
    output: Path | None,
    jobs: int | None,
    backend: str,
    as_json: bool,
) -> None:
    """Compute zero-cost proxies of an untrained network, on one random batch.

    MODULE is `package.module:callable` or `path/to/file.py:callable`, which returns a torch module; it is scored at the
    weights it has. SPACE is the name of a search space, whose architectures are named, drawn (--count) or taken from
    a table (--table); their scores are kept, so that an interrupted run goes on, and one with more proxies computes
    only those.
    """
    from edgeprof.output_files import check_output
    from edgeprof_predictor.proxies import PROXY_NAMES, canonical_names
    from edgeprof_predictor.spaces import SPACE_NAMES

    chosen = canonical_names(names or PROXY_NAMES)
    if subject not in SPACE_NAMES and ":" in subject:
        if architectures or count or table or output:
            raise click.UsageError("ARCHITECTURE, --count, --table and --output go with a SPACE")
        _score_module(subject, chosen, seed, batch_size, input_shapes, classes, as_json)
        return
    check_output(output, inputs=[table])
    scores = _score_space(
        subject,
        _chosen(architectures, count, table),
        chosen,
        seed=seed,
        batch_size=batch_size,
        jobs=jobs,
        backend=backend,
    )
    if output is not None:
        scores.save(output)
        messages.print(f"scores: {output}")
    _show_space(scores, as_json)


def _score_module(
    source: str,
    names: tuple[str, ...],
    seed: int,
    batch_size: int,
    input_shapes: tuple[tuple[int, ...], ...],
    classes: int | None,
    as_json: bool,
) -> None:
    import edgeprof
    from edgeprof.cli.proxy_tables import print_record, record_document
    from edgeprof_predictor.proxies import UnfinishedProxiesError

    failure: UnfinishedProxiesError | None = None
    try:
        record = edgeprof.score_network(
            source, names, seed=seed, batch_size=batch_size, input_shapes=input_shapes, class_count=classes
        )
    except UnfinishedProxiesError as error:
        record, failure = error.record, error
    if as_json:
        print_json(record_document(source, record))
    elif record.scores:
        print_record(source, record)
    if failure is not None:
        raise failure


def _chosen(texts: tuple[str, ...], count: int | None, table: Path | None) -> tuple[str, ...] | int | Path:
    if (bool(texts) + (count is not None) + (table is not None)) != 1:
        raise click.UsageError("name architectures, or draw some with --count, or take those of a --table")
    if table is not None:
        return table
    return texts if count is None else count


def _score_space(
    space: str, architectures: tuple[str, ...] | int | Path, names: tuple[str, ...], **options: Any
) -> "SpaceScores":
    import edgeprof
    from edgeprof.cli.unit_progress import unit_callbacks

    with unit_callbacks() as (on_begin, on_finished):
        scores: SpaceScores = edgeprof.score_space(
            space, architectures, names, on_begin=on_begin, on_finished=on_finished, **options
        )
    return scores


def _show_space(scores: "SpaceScores", as_json: bool) -> None:
    from edgeprof.cli.proxy_tables import print_scores, space_document
    from edgeprof_predictor.errors import ProxyError

    if as_json:
        print_json(space_document(scores))
    else:
        print_scores(scores, SHOWN_COUNT)
    if scores.failures:
        text, failure = next(iter(scores.failures.items()))
        raise ProxyError(
            f"{len(scores.failures)} of {len(scores.texts)} networks failed half-way, the first is {text}: {failure}"
        )
