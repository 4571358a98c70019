"""The public call `fit`: a bundle of latencies that a user's own platforms, or those of others, have shown."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edgeprof.arguments import require_number, require_seed
from edgeprof.errors import InvalidArgumentError
from edgeprof.evaluating.known_bundles import bundle_outputs, check_bundle_output, write_bundle
from edgeprof.evaluating.tables import latency_unit
from edgeprof_predictor.bundle import Bundle, BundleCard
from edgeprof_predictor.spaces import CategoricalSpace, get_space
from edgeprof_predictor.tables.importers import LatencyUnit, import_ragged_tables
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_table_with_space


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Result of a fit.

    Args:
        bundle: Onboards devices in its search space.
        path: Its file; that which is found by its space where no other was named.
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
    output: str | os.PathLike[str] | None = None,
    *,
    space: str | None = None,
    unit: LatencyUnit | str = LatencyUnit.MILLISECONDS,
    trust: Mapping[str, float] | None = None,
    registers: bool = False,
    seed: int = 0,
) -> Fitted:
    """Fit the default method to tables of latencies, and write it as a bundle with which devices are onboarded.

    Args:
        tables: Files of latencies: `.npz` as `import_table` writes them, CSV or JSON lines. Each may hold platforms and
            architectures of its own; in CSV and JSON lines each platform may have its own.
        output: File of the bundle; None to register it only.
        space: Name of the search space; None to find it by the notation of the architectures.
        unit: Unit of the latencies in CSV files and JSON lines.
        trust: How much a table counts against the others, by its path or its name: above 0 and at most 1, which is what
            tables have that are not named. Errors in a table of trust 0.5 are taken to have twice the variance.
        registers: Whether the bundle is kept where it is found by its space: `onboard` takes it before the shipped one.
        seed: The same seed gives the same bundle on the same machine.

    Raises:
        OutputFileError: If the bundle cannot be written, or is one of the tables.
        InvalidArgumentError: If there is no table or no output, the tables are of different search spaces, or trust is
            put into no table, or is no number above 0 and at most 1.
        PredictorError: If a table cannot be read, or its latencies cannot be used.
    """
    require_seed(seed)
    paths = [Path(table) for table in tables]
    if not paths:
        raise InvalidArgumentError("name a table of latencies to fit to")
    check_bundle_output(output, registers=registers, inputs=paths)
    shares = _trust_of(paths, trust or {})
    named = get_space(space) if space else None
    of_latencies = latency_unit(unit)
    read = [one for path in paths for one in _read(path, named, of_latencies)]
    found = _one_space(read)

    outputs = bundle_outputs(output, found.name, registers=registers)
    bundle, predicted_shares = _fitted(found, read, paths, shares, seed=seed)
    write_bundle(bundle, outputs)
    return Fitted(
        bundle=bundle,
        path=outputs[0],
        predicted_shares=predicted_shares,
        notes=tuple(dict.fromkeys(note for one in read for note in one.notes)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A table without gaps, its file and search space, and what may have been meant otherwise in it."""

    path: Path
    space: CategoricalSpace
    table: LatencyTable
    notes: tuple[str, ...] = ()


def _fitted(
    space: CategoricalSpace,
    read: Sequence[_Read],
    paths: Sequence[Path],
    shares: Mapping[Path, float],
    *,
    seed: int,
) -> tuple[Bundle, dict[str, float]]:
    """Return the bundle of some tables, and which share of each platform's latencies is predicted."""
    from edgeprof_predictor.methods.default.method import DefaultMethod  # torch, which refusing a table never needs
    from edgeprof_predictor.methods.joined_tables import join_tables
    from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER

    trust = [shares[one.path] for one in read]
    joined = join_tables(space, [one.table for one in read], None if set(trust) == {1.0} else trust)
    card = BundleCard(
        space=space.name,
        platforms=joined.table.platforms,
        provenance=_provenance(paths, shares),
        licence="that of the tables",
        architecture_count=len(joined.table.choices),
        seed=seed,
        hyperparameters=asdict(DEFAULT_TRANSFER),
    )
    method = DefaultMethod.fit_sources(space, joined.table, seed=seed, trust=joined.trust)
    return Bundle(card=card, method=method), dict(joined.predicted_shares)


def _trust_of(paths: Sequence[Path], trust: Mapping[str, float]) -> dict[Path, float]:
    """Return how much each table counts."""
    for name, value in trust.items():
        if not any(name in (str(path), path.name) for path in paths):
            raise InvalidArgumentError(
                f"trust is put into {name}, which is none of the tables {', '.join(map(str, paths))}"
            )
        if not require_number(f"the trust in {name}", value, 0, 1) > 0:
            raise InvalidArgumentError(f"the trust in {name} must be above 0; leave the table out instead")
    return {path: float(trust.get(str(path), trust.get(path.name, 1.0))) for path in paths}


def _provenance(paths: Sequence[Path], shares: Mapping[Path, float]) -> str:
    named = [path.name + ("" if shares[path] == 1 else f" (trust {shares[path]:g})") for path in paths]
    return f"fitted to {', '.join(named)}"


def _read(path: Path, space: CategoricalSpace | None, unit: LatencyUnit) -> list[_Read]:
    """Return the tables in a file: several where its platforms are measured on architectures of their own."""
    if path.suffix.lower() == ".npz":
        found, table = load_table_with_space(path, space)
        return [_Read(path=path, space=found, table=table)]
    read = []
    for imported in import_ragged_tables(path, unit=unit, space=space):
        known = space or imported.space
        if known is None:
            raise InvalidArgumentError(
                f"{path} gives its architectures as integers: name their search space (--space, space= in Python)"
            )
        read.append(_Read(path=path, space=known, table=imported.table, notes=imported.notes))
    return read


def _one_space(read: Sequence[_Read]) -> CategoricalSpace:
    first = read[0]
    for one in read:
        if one.space.name != first.space.name:
            raise InvalidArgumentError(
                f"{first.path} is of {first.space.name}, {one.path} of {one.space.name}: a bundle is of one search "
                "space; fit them one by one"
            )
    return get_space(
        first.space.name
    )  # a table of unknown integers is a space of its own, whose networks nobody can build
