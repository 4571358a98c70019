"""Join tables of latencies whose platforms were measured on different architectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from edgeprof_predictor.errors import TableError
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

MAX_DISAGREEMENT: Final = 1.2
"""Largest ratio of two latencies of one architecture on one platform of which the mean is taken."""

MIN_MEASURED_COUNT: Final = 20
"""Architectures of a platform from which those that it lacks can be predicted."""

Row = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JoinedTables:
    """One table of all platforms and architectures.

    Args:
        table: Latencies; those that were not measured are predicted by a regression of the platform's own.
        predicted_shares: Share of the predicted ones by platform.
        trust: How much each platform counts; None where all tables count alike.

    Shapes:
        trust: `p`.
    """

    table: LatencyTable
    predicted_shares: Mapping[str, float]
    trust: FloatArray | None = None


def join_tables(
    space: CategoricalSpace, tables: Sequence[LatencyTable], trust: Sequence[float] | None = None
) -> JoinedTables:
    """Join tables of one search space.

    A platform may stand in several tables; of latencies of the same architecture the geometric mean is taken, weighted
    by the trust in the tables. A platform is trusted as the tables are, on average over its architectures.

    Args:
        space: The search space.
        tables: One or more.
        trust: How much each table counts, above 0 and at most 1: errors in a table of trust 0.5 have twice the variance
            of those in others. None where all count alike.

    Raises:
        TableError: If two latencies of one architecture on one platform disagree, or a platform has too few to predict
            those that it lacks.
    """
    latency_ms: dict[str, dict[Row, float]] = {}
    trusted: dict[str, dict[Row, float]] = {}
    for table, share in zip(tables, trust or (1.0,) * len(tables), strict=True):
        rows = [tuple(row) for row in table.choices.tolist()]
        for platform, latencies in zip(table.platforms, table.latency_ms.tolist(), strict=True):
            column, shares = latency_ms.setdefault(platform, {}), trusted.setdefault(platform, {})
            for row, latency in zip(rows, latencies, strict=True):
                before = column.get(row, latency)
                _require_agreement(space, platform, row, before, latency)
                known = shares.get(row, 0.0)
                # The mean of equal latencies is exactly that latency.
                column[row] = latency * (before / latency) ** (known / (known + share))
                shares[row] = known + share
    everything = list(dict.fromkeys(row for column in latency_ms.values() for row in column))
    choices = space.check_choices(everything)
    feature_map = FeatureMap(space)
    columns = [_completed(feature_map, platform, column, choices) for platform, column in latency_ms.items()]
    return JoinedTables(
        table=LatencyTable(platforms=tuple(latency_ms), choices=choices, latency_ms=np.stack(columns)),
        predicted_shares={platform: 1.0 - len(column) / len(everything) for platform, column in latency_ms.items()},
        trust=None if trust is None else np.array([_mean_trust(shares) for shares in trusted.values()]),
    )


def _mean_trust(shares: Mapping[Row, float]) -> float:
    # Two tables of a platform are no better than one that is fully trusted.
    return float(np.mean([min(share, 1.0) for share in shares.values()]))


def _require_agreement(space: CategoricalSpace, platform: str, row: Row, before: float, latency: float) -> None:
    if not 1 / MAX_DISAGREEMENT <= latency / before <= MAX_DISAGREEMENT:
        architecture = space.format(space.architectures([row])[0])
        raise TableError(
            f"{platform} has two latencies of {architecture} that disagree, {before:g} and {latency:g} ms: leave one "
            "of them out, or give the platforms different names"
        )


def _completed(
    feature_map: FeatureMap, platform: str, measured_ms: Mapping[Row, float], choices: ChoiceArray
) -> FloatArray:
    """Return the latencies of all architectures on one platform: `n`."""
    latency_ms = np.array([measured_ms.get(tuple(row), np.nan) for row in choices.tolist()])
    is_known = np.isfinite(latency_ms)
    if is_known.all():
        return latency_ms
    if is_known.sum() < MIN_MEASURED_COUNT:
        raise TableError(
            f"{platform} was measured on {is_known.sum()} of {len(choices)} architectures; {MIN_MEASURED_COUNT} are "
            "needed to predict the others: leave the platform out, or measure more"
        )
    measured = LatencyTable(platforms=(platform,), choices=choices[is_known], latency_ms=latency_ms[None, is_known])
    relative = SourceRegressions.fit(feature_map, measured).predict_choices(feature_map, choices)[:, 0]
    scale = np.exp(np.mean(np.log(latency_ms[is_known] / relative[is_known])))
    completed: FloatArray = np.where(is_known, latency_ms, scale * relative)
    return completed
