"""Latency of a network that was not measured, with its interval, what costs most, and what is unknown about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, runtime_checkable

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.calibration import Calibration
from edgeprof_predictor.operators.classes import OperatorClass
from edgeprof_predictor.operators.engines import CONTROL_FLOW
from edgeprof_predictor.operators.graph import EXPORTED, Graph
from edgeprof_predictor.operators.model import Total
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.peak_memory import MemoryPrediction
from edgeprof_predictor.operators.records import OperatorRecord, records_of

MAX_UNKNOWN_SHARE: Final = 0.05
"""Share of time in implementations never measured above which a network is partly known."""

MAX_KNOWN_SD: Final = 0.35
"""Standard deviation of the log latency above which a network is partly known."""

MAX_FOREIGN_SHARE: Final = 1 / 3
"""Share of time in classes never measured above which a network is outside."""

COSTLIEST_COUNT: Final = 5

EXPORTED_GRAPH_SD: Final = 0.25
"""What the exported graph in place of the engine's adds to the error of a prediction, in logs: a root mean square of
0.21 over 31 models on two settings, 0.23 on the worse one (`benchmarks/exported_graphs.py`), rounded up."""


class Verdict(Enum):
    """How far a network lies within what was measured."""

    KNOWN = "known"
    PARTLY_KNOWN = "partly known"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPrediction:
    """One operator, or several identical ones.

    Args:
        record: The operator.
        time_us: Predicted time of all identical ones, in microseconds.
        share: Share of the network's time, in [0, 1].
        is_measured: Whether its implementation was measured on the setting.
    """

    record: OperatorRecord
    time_us: float
    share: float
    is_measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPrediction:
    """Latency of one network.

    Args:
        latency_ms: Predicted latency; nothing where the network is outside of what was measured.
        lower_ms: Lower end of the 90 % interval.
        upper_ms: Upper end.
        log_us: Log of the predicted latency in microseconds, also for a network that is outside.
        half_width: Half the 90 % interval of it.
        sd: Standard deviation of the log latency before calibration.
        operators: Its operators, the costliest first.
        unknown_share: Share of the time in implementations that were never measured.
        foreign_share: Share of the time in classes that were never measured.
        verdict: Known, partly known, outside.
        remedy: What to measure to know it better; empty for a known network.
        memory: Its peak memory; None where the profile has learned from no network whose memory was reported.
    """

    latency_ms: float | None
    lower_ms: float | None
    upper_ms: float | None
    log_us: float
    half_width: float
    sd: float
    operators: tuple[OperatorPrediction, ...]
    unknown_share: float
    foreign_share: float
    verdict: Verdict
    remedy: str
    memory: MemoryPrediction | None = None

    @property
    def costliest(self) -> tuple[OperatorPrediction, ...]:
        """The five operators that cost most."""
        return self.operators[:COSTLIEST_COUNT]


@runtime_checkable
class NetworkModel(Protocol):
    """What gives a network's time from its records: by operators, or by totals."""

    @property
    def networks(self) -> Sequence[MeasuredNetwork]:
        """The measured networks, of each the records that were learned from."""

    @property
    def calibration(self) -> Calibration:
        """Level and width by left-out networks."""

    @property
    def tags(self) -> frozenset[str]:
        """Implementations that were measured."""

    @property
    def classes(self) -> frozenset[OperatorClass]:
        """Classes that were measured."""

    def total(self, records: Sequence[OperatorRecord]) -> Total:
        """Return the time of a network, before calibration."""


def predict_graph(model: NetworkModel, graph: Graph) -> NetworkPrediction:
    """Return the latency of the network whose graph an engine handed over.

    Raises:
        GraphError: If the graph's numbers are out of bounds.
        OperatorModelError: If it has no operator that takes time, or control flow.
    """
    deciding = sorted({node.type for node in graph.nodes} & CONTROL_FLOW)
    if deciding:
        raise OperatorModelError(
            f"the model has control flow ({', '.join(deciding)}), and how often its parts run is not in the graph; "
            "measure it with `edgeprof benchmark`"
        )
    records = records_of(graph)
    if graph.engine == EXPORTED:
        from edgeprof_predictor.operators.exported import with_usual_tags

        return predict_records(model, with_usual_tags(records, model.networks), is_exported=True)
    return predict_records(model, records)


def predict_records(
    model: NetworkModel, records: Sequence[OperatorRecord], *, is_exported: bool = False
) -> NetworkPrediction:
    """Return the latency of a network.

    Args:
        model: What was learned on the setting.
        records: Its operators.
        is_exported: Whether they are those of the exported graph, which the engine will change: the interval is wider,
            and no network is known.

    Raises:
        OperatorModelError: If it has no operator.
    """
    total = model.total(records)
    log_us = total.log_us + model.calibration.level
    half_width = model.calibration.half_width(total.sd, EXPORTED_GRAPH_SD if is_exported else 0.0)
    if not (math.isfinite(log_us) and log_us < _MAX_LOG_US):
        raise OperatorModelError("the predicted latency is no finite time; a size in the graph must be wrong")
    tags = model.tags
    operators = sorted(
        (
            OperatorPrediction(
                record=record,
                time_us=float(share) * math.exp(log_us),
                share=float(share),
                is_measured=record.tag in tags,
            )
            for record, share in zip(records, total.shares, strict=True)
        ),
        key=lambda one: -one.share,
    )
    unmeasured = [one for one in operators if not one.is_measured]
    unknown = math.fsum(one.share for one in unmeasured)
    classes = model.classes if unmeasured else frozenset()
    foreign = math.fsum(
        one.share for one in unmeasured if not one.record.is_known or one.record.operator_class not in classes
    )
    verdict = _verdict(unknown, foreign, total.sd)
    if is_exported and verdict is Verdict.KNOWN:
        verdict = Verdict.PARTLY_KNOWN
    is_given = verdict is not Verdict.OUTSIDE
    return NetworkPrediction(
        latency_ms=math.exp(log_us) / 1e3 if is_given else None,
        lower_ms=math.exp(log_us - half_width) / 1e3 if is_given else None,
        upper_ms=_exp(log_us + half_width) / 1e3 if is_given else None,
        log_us=log_us,
        half_width=half_width,
        sd=total.sd,
        operators=tuple(operators),
        unknown_share=unknown,
        foreign_share=foreign,
        verdict=verdict,
        remedy=_EXPORTED_REMEDY if is_exported else _remedy(verdict, operators),
    )


_EXPORTED_REMEDY: Final = "let the engine tell its graph: name the device, or install its runtime on this host"

_MAX_LOG_US: Final = 40.0
"""exp(40) us are 7000 years."""


def _exp(value: float) -> float:
    return math.exp(min(value, 2 * _MAX_LOG_US))


def _verdict(unknown: float, foreign: float, sd: float) -> Verdict:
    if foreign > MAX_FOREIGN_SHARE:
        return Verdict.OUTSIDE
    if unknown > MAX_UNKNOWN_SHARE or sd > MAX_KNOWN_SD:
        return Verdict.PARTLY_KNOWN
    return Verdict.KNOWN


def _remedy(verdict: Verdict, operators: Sequence[OperatorPrediction]) -> str:
    if verdict is Verdict.KNOWN:
        return ""
    unknown = list(dict.fromkeys(one.record.tag for one in operators if not one.is_measured))[:3]
    if unknown:
        return f"measure this model or one with {', '.join(unknown)}: never measured on this setting"
    return f"measure this model or one with more of {operators[0].record.operator_class.value}"
