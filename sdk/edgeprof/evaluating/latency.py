"""The public call `evaluate`: methods of latency prediction compared on a table of latencies."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edgeprof.arguments import MAX_REPETITION_COUNT, as_list, require_count
from edgeprof.evaluating.scored_run import run_scored
from edgeprof.output_files import check_output
from edgeprof_predictor._output_files import is_replaced
from edgeprof_predictor._plain_files import MAX_TABLE_BYTES, read_plain_file
from edgeprof_predictor.bundle import read_bundle
from edgeprof_predictor.evaluation import (
    Protocol,
    Score,
    evaluation_inputs,
    evaluation_units,
    fitted,
    reads,
    resolve_methods,
    score_encoding,
)
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.runs import Journal
from edgeprof_predictor.spaces import CategoricalSpace, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_table_with_space

DEFAULT_SAMPLE_COUNTS = (3, 5, 10, 20)
DEFAULT_SEED_COUNT = 5
DEFAULT_PRETRAIN_SAMPLES = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Result of an evaluation.

    Args:
        protocol: What was compared on what.
        scores: One for each method, test platform, number of samples and seed.
    """

    protocol: Protocol
    scores: tuple[Score, ...]


def evaluate(
    latencies: str | os.PathLike[str],
    *,
    test: Sequence[str] | str,
    train: Sequence[str] | str = (),
    sample_counts: Sequence[int] | int = DEFAULT_SAMPLE_COUNTS,
    seed_count: int = DEFAULT_SEED_COUNT,
    pretrain_samples: int = DEFAULT_PRETRAIN_SAMPLES,
    methods: Sequence[str] | str = ("default",),
    bundle: str | os.PathLike[str] | None = None,
    proxies: str | os.PathLike[str] | None = None,
    space: str | None = None,
    trim: float = 0.0,
    output: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    backend: str = "loky",
    on_begin: Callable[[int, int], None] = lambda count, finished: None,
    on_finished: Callable[[str], None] = lambda name: None,
) -> Evaluation:
    """Compare methods of prediction on platforms that they have not seen.

    With an `output`, finished parts are kept beside it, and the same call after an interruption resumes.

    Args:
        latencies: Table to evaluate on, as `import_table` writes it.
        test: New platforms, none of `train`.
        train: Platforms to learn from, or one; none evaluates the bundle alone.
        sample_counts: Numbers of architectures measured on a new platform.
        seed_count: Repetitions.
        pretrain_samples: Architectures known of every train platform.
        methods: Names of the methods to compare.
        bundle: File of a bundle, which is compared as the method `bundle`, as it was fitted.
        proxies: Archive of zero-cost proxies, for methods that read them.
        space: Name of the table's search space; None to find it by notation or options.
        trim: Share of the fastest and of the slowest architectures of each platform to leave out, 0 to 0.5.
        output: File for all scores; None to write none.
        jobs: Parts at the same time; None for one a core.
        backend: Where they run: `loky`, `ray` or `dask`.
        on_begin: Called with the number of parts and how many of them are finished already.
        on_finished: Called with the name of each part when it is finished.

    Raises:
        OutputFileError: If the scores could not be written; found before anything is computed.
        PredictorError: If a table, a name or a number cannot be used; finished parts are kept.
    """
    require_count("the number of seeds", seed_count, 1, MAX_REPETITION_COUNT)
    check_output(output, inputs=[latencies, bundle, proxies])
    train, test, methods = as_list(train, str), as_list(test, str), as_list(methods, str)
    sample_counts = as_list(sample_counts, int)
    found_space, table = load_table_with_space(Path(latencies), get_space(space) if space else None)
    known = _methods(methods if train or not bundle else (), found_space, table, train, proxies) + _bundled(bundle)
    protocol = _protocol(train, test, sample_counts, seed_count, pretrain_samples, known, trim)
    # Checks the protocol, before a journal is made.
    units = evaluation_units(found_space, table, protocol)
    files = {"table of proxies": proxies if reads(methods, "zcp") else None, "bundle": bundle}
    journal = _journal(output, found_space, table, protocol, files)
    run = partial(run_scored, jobs=jobs, backend=backend, on_begin=on_begin, on_finished=on_finished)
    rows = run(units, Path(output) if output else None, journal)
    return Evaluation(protocol=protocol, scores=tuple(Score.from_row(row) for row in rows))


def _protocol(
    train: Sequence[str],
    test: Sequence[str],
    sample_counts: Sequence[int],
    seed_count: int,
    pretrain_samples: int,
    methods: tuple[type[Method], ...],
    trim: float,
) -> Protocol:
    return Protocol(
        train=tuple(train),
        test=tuple(test),
        sample_counts=tuple(sample_counts),
        seeds=tuple(range(seed_count)),
        pretrain_samples=pretrain_samples,
        methods=methods,
        trim=trim,
    )


def _methods(
    names: Sequence[str],
    space: CategoricalSpace,
    table: LatencyTable,
    train: Sequence[str],
    proxies: str | os.PathLike[str] | None,
) -> tuple[type[Method], ...]:
    path = Path(proxies) if proxies else None
    return resolve_methods(names, space, lambda part: score_encoding(part, space, table, train=train, proxies=path))


def _bundled(bundle: str | os.PathLike[str] | None) -> tuple[type[Method], ...]:
    return () if bundle is None else (fitted(read_bundle(bundle).method),)


def _journal(
    output: str | os.PathLike[str] | None,
    space: CategoricalSpace,
    table: LatencyTable,
    protocol: Protocol,
    files: Mapping[str, str | os.PathLike[str] | None],
) -> Journal | None:
    """Open the journal beside the results; without a file for them there is none.

    Args:
        output: File of the results.
        space: Search space of the table.
        table: The latencies.
        protocol: What is evaluated.
        files: Other files that the results depend on, by what they are; None for those that are not read.
    """
    if output is None or not is_replaced(output):
        return None
    inputs = evaluation_inputs(space, table, protocol)
    for name, path in files.items():
        if path is not None:
            inputs[name] = hashlib.sha256(read_plain_file(path, max_bytes=MAX_TABLE_BYTES)).hexdigest()
    return Journal.beside(Path(output), inputs)
