"""The public calls `gate` and `gate_against`: whether a model is fast enough, measured until that is certain.

A pipeline asks one question and needs one of three answers: it is, it is not, or it cannot be told here.
"""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Any

from edgeprof.arguments import require_seed
from edgeprof.devices.client import DeviceClient
from edgeprof.errors import InvalidArgumentError
from edgeprof.measuring.benchmark import benchmark
from edgeprof.measuring.candidate import Candidate
from edgeprof.measuring.comparison import compare
from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof.store import Store, opened
from edgeprof.store.platform import Platform
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.shared.interval import LEVEL, LEVEL_SD_COUNT

MAX_MEASUREMENT_COUNT = 6
"""Measurements against a limit at most: a latency that is nearer to the limit than the device repeats stays open."""

PAIR_COUNTS = (8, 24)
"""Pairs of a comparison with a baseline, and of the one that follows where the first leaves it open."""


class GateOutcome(Enum):
    """What became of the question."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Whether a model is fast enough.

    Args:
        model: Name of the model.
        platform: The device with the setting that ran.
        outcome: The answer.
        value: Latency in milliseconds, or latency relative to that of the baseline.
        lower: Lower end of its interval.
        upper: Upper end.
        level: Share of repetitions whose interval holds the true value.
        limit: What `value` must not exceed.
        baseline: Name of the baseline; empty where the limit is a latency.
        measurement_count: Measurements that it took.
    """

    model: str
    platform: Platform
    outcome: GateOutcome
    value: float
    lower: float
    upper: float
    level: float
    limit: float
    baseline: str
    measurement_count: int


def gate(
    client: DeviceClient,
    model: str | os.PathLike[str],
    *,
    limit_ms: float,
    setting: Setting | None = None,
    plan: MeasurementPlan | None = None,
    input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    inputs: str | os.PathLike[str] | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    on_measurement: Callable[[Measurement], None] = lambda measurement: None,
    **options: Any,
) -> Gate:
    """Measure a model until it is certain whether it runs within a limit, six times at most.

    What counts is how fast the device runs it when nothing disturbs it (`latency_estimate.py`): a busy machine does not
    fail a model. Each measurement is stored before the next begins.

    Args:
        client: The device.
        model: File of the model, or a torch module as `path/to/file.py:callable`.
        limit_ms: Latency that it must not exceed, in milliseconds.
        setting: How to run it; None for the default of the device.
        plan: How long and how often each measurement runs it; None for the agent's default.
        input_shapes: Shapes by the names of inputs that leave sizes open, or one size by that of an open dimension.
        inputs: An archive of NumPy (.npz) with the values of inputs by their names; None to generate every input.
        store: Where the results go, or its file; None for the user's own.
        on_measurement: Called with each measurement.
        options: Others of `edgeprof.benchmark`.

    Raises:
        InvalidArgumentError: If the limit is not above 0.
        EdgeprofError: As `edgeprof.benchmark`.
    """
    _require_positive("limit_ms", limit_ms)
    ask = partial(benchmark, client, model, setting=setting, plan=plan, input_shapes=input_shapes, inputs=inputs)
    measurements: list[Measurement] = []
    with opened(store) as store:
        while True:
            found = ask(store=store, **options)
            measurements.append(found.measurement)
            on_measurement(found.measurement)
            answer = _answer(measurements, limit_ms, os.path.basename(model), found.platform)
            if answer.outcome is not GateOutcome.UNDECIDED or len(measurements) >= MAX_MEASUREMENT_COUNT:
                return answer


def _answer(measurements: Sequence[Measurement], limit_ms: float, model: str, platform: Platform) -> Gate:
    estimate = estimate_latency(measurements)
    reach = math.exp(LEVEL_SD_COUNT * estimate.relative_sd)
    lower_ms, upper_ms = estimate.latency_ms / reach, estimate.latency_ms * reach
    return Gate(
        model=model,
        platform=platform,
        outcome=_outcome(lower_ms, upper_ms, limit_ms),
        value=estimate.latency_ms,
        lower=lower_ms,
        upper=upper_ms,
        level=LEVEL,
        limit=limit_ms,
        baseline="",
        measurement_count=len(measurements),
    )


def gate_against(
    client: DeviceClient,
    model: Candidate,
    baseline: Candidate,
    *,
    slower_than: float,
    seed: int = 0,
    on_measurement: Callable[[Candidate, Measurement], None] = lambda candidate, measurement: None,
    **options: Any,
) -> Gate:
    """Measure a model and its baseline in pairs, until it is certain whether it is slower by more than a share.

    Args:
        client: The device.
        model: The model.
        baseline: What it is compared with, for example the same model before a change.
        slower_than: Share by which it may be slower: 0.03 for 3 %.
        seed: Seed of the order within the pairs.
        on_measurement: Called with the candidate and its result after each measurement.
        options: Others of `edgeprof.compare`.

    Raises:
        InvalidArgumentError: If the share is below 0.
        EdgeprofError: As `edgeprof.compare`.
    """
    if not 0 <= slower_than < math.inf:
        raise InvalidArgumentError(f"slower_than must be 0 or more, got {slower_than}")
    require_seed(seed)
    limit, measured_count = 1 + slower_than, 0
    for pair_count in PAIR_COUNTS:
        found = compare(
            client, baseline, model, pair_count=pair_count, seed=seed, on_measurement=on_measurement, **options
        )
        measured_count += 2 * len(found.pairs)
        outcome = _outcome(found.lower, found.upper, limit)
        if outcome is not GateOutcome.UNDECIDED:
            break
    return Gate(
        model=model.name,
        platform=found.platform("b"),
        outcome=outcome,
        value=found.ratio,
        lower=found.lower,
        upper=found.upper,
        level=found.level,
        limit=limit,
        baseline=baseline.name,
        measurement_count=measured_count,
    )


def _outcome(lower: float, upper: float, limit: float) -> GateOutcome:
    if upper <= limit:
        return GateOutcome.PASSED
    return GateOutcome.FAILED if lower > limit else GateOutcome.UNDECIDED


def _require_positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise InvalidArgumentError(f"{name} must be above 0 and finite, got {value}")
