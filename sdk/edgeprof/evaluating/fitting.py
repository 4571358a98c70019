"""The public call `fit`: a bundle of latencies that a user's own platforms, or those of others, have shown."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edgeprof.arguments import require_seed
from edgeprof.errors import InvalidArgumentError, OutputFileError
from edgeprof.evaluating.tables import import_table
from edgeprof.output_files import check_output
from edgeprof_predictor.bundle import Bundle, BundleCard
from edgeprof_predictor.spaces import CategoricalSpace, get_space
from edgeprof_predictor.tables.importers import LatencyUnit
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_table_with_space


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Result of a fit.

    Args:
        bundle: Onboards devices in its search space.
        path: Its file.
        predicted_shares: Share of architectures of each platform whose latency was not measured but predicted from
            those that were.
        notes: What may have been meant otherwise in the tables, in sentences.
    """

    bundle: Bundle
    path: Path
    predicted_shares: dict[str, float]
    notes: tuple[str, ...]


def fit(
    tables: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    space: str | None = None,
    unit: LatencyUnit | str = LatencyUnit.MILLISECONDS,
    seed: int = 0,
) -> Fitted:
    """Fit the default method to tables of latencies, and write it as a bundle with which devices are onboarded.

    Args:
        tables: Files of latencies: `.npz` as `import_table` writes them, CSV or JSON lines. Each may hold platforms and
            architectures of its own.
        output: File of the bundle.
        space: Name of the search space; None to find it by the notation of the architectures.
        unit: Unit of the latencies in CSV files and JSON lines.
        seed: The same seed gives the same bundle on the same machine.

    Raises:
        OutputFileError: If the bundle cannot be written, or is one of the tables.
        InvalidArgumentError: If there is no table, or the tables are of different search spaces.
        PredictorError: If a table cannot be read, or its latencies cannot be used.
    """
    require_seed(seed)
    paths = [Path(table) for table in tables]
    if not paths:
        raise InvalidArgumentError("name a table of latencies to fit to")
    check_output(output, inputs=paths)
    named = get_space(space) if space else None
    read = [_read(path, named, unit) for path in paths]
    found = _one_space(paths, [of_table for of_table, _, _ in read])

    from edgeprof_predictor.methods.default.method import DefaultMethod  # torch, which refusing a table never needs
    from edgeprof_predictor.methods.joined_tables import join_tables
    from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER

    joined = join_tables(found, [table for _, table, _ in read])
    card = BundleCard(
        space=found.name,
        platforms=joined.table.platforms,
        provenance=f"fitted to {', '.join(path.name for path in paths)}",
        licence="that of the tables",
        architecture_count=len(joined.table.choices),
        seed=seed,
        hyperparameters=asdict(DEFAULT_TRANSFER),
    )
    bundle = Bundle(card=card, method=DefaultMethod.fit_sources(found, joined.table, seed=seed))
    try:
        bundle.write(output)
    except OSError as error:
        raise OutputFileError(f"cannot write the bundle {output} ({error.strerror}): name another file") from error
    return Fitted(
        bundle=bundle,
        path=Path(output),
        predicted_shares=dict(joined.predicted_shares),
        notes=tuple(note for _, _, notes in read for note in notes),
    )


def _read(
    path: Path, space: CategoricalSpace | None, unit: LatencyUnit | str
) -> tuple[CategoricalSpace, LatencyTable, tuple[str, ...]]:
    """Return search space, table and notes of a file."""
    if path.suffix.lower() == ".npz":
        return *load_table_with_space(path, space), ()
    imported = import_table(path, unit=unit, space=space.name if space else None)
    found = space or imported.space
    if found is None:
        raise InvalidArgumentError(
            f"{path} gives its architectures as integers: name their search space (--space, space= in Python)"
        )
    return found, imported.table, imported.notes


def _one_space(paths: Sequence[Path], spaces: Sequence[CategoricalSpace]) -> CategoricalSpace:
    for path, space in zip(paths, spaces, strict=True):
        if space.name != spaces[0].name:
            raise InvalidArgumentError(
                f"{paths[0]} is of {spaces[0].name}, {path} of {space.name}: a bundle is of one search space; fit them "
                "one by one"
            )
    return get_space(
        spaces[0].name
    )  # a table of unknown integers is a space of its own, whose networks nobody can build
