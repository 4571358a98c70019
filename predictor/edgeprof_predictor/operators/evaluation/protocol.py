"""The protocol: families in two halves, k models of one measured, all of the other predicted, and the reverse."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from edgeprof_predictor.operators.design import choose_models
from edgeprof_predictor.operators.evaluation.families import both_directions, family_of
from edgeprof_predictor.operators.evaluation.measured_setting import MeasuredSetting
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.prediction import NetworkModel, Verdict, predict_records
from edgeprof_predictor.operators.records import OperatorRecord, untimed

SAMPLE_COUNTS: Final = (0, 5, 10)
RANDOM_DRAWS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One model that was predicted without having been measured.

    Args:
        setting: Name of the setting.
        method: Name of the method.
        sample_count: Models that were measured.
        draw: Which choice of them.
        network: The model.
        log_error: Log of predicted over measured.
        half_width: Half the 90 % interval in logs; nothing where the method gives none.
        verdict: What the method says of the model; nothing where it says nothing.
        sd: Standard deviation before calibration.
        unknown_share: Share of the time in implementations never measured.
    """

    setting: str
    method: str
    sample_count: int
    draw: str
    network: str
    log_error: float
    half_width: float | None = None
    verdict: Verdict | None = None
    sd: float | None = None
    unknown_share: float | None = None

    @property
    def relative_error(self) -> float:
        """Absolute error relative to the measured latency."""
        return abs(math.expm1(self.log_error))


class PointPredictor(Protocol):
    """A method that gives latencies only."""

    def log_us(self, records: Sequence[OperatorRecord]) -> float:
        """Return the log of a network's latency in microseconds."""


Fit = Callable[[Sequence[MeasuredNetwork]], "NetworkModel | PointPredictor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A method in the comparison: how it learns, whether from the probe suite too, and of how many models at least."""

    name: str
    fit: Fit
    uses_probes: bool = True
    min_samples: int = 0


def choices_of(
    setting: MeasuredSetting, pool: Sequence[str], count: int, seed: int
) -> Iterator[tuple[str, list[MeasuredNetwork]]]:
    """Return the draws of `count` models from a half: random ones, and the designed one."""
    if count == 0:
        yield "none", []
        return
    rng = np.random.default_rng(seed)
    for draw in range(RANDOM_DRAWS):
        names = rng.choice(np.array(sorted(pool)), size=min(count, len(pool)), replace=False)
        yield f"random {draw}", [setting.models[str(name)] for name in names]
    candidates = {name: setting.models[name].records for name in pool}
    families = {name: family_of(name) for name in pool}
    yield "designed", [setting.models[name] for name in choose_models(candidates, families, count)]


def run_protocol(
    setting: MeasuredSetting, contenders: Sequence[Contender], counts: Sequence[int] = SAMPLE_COUNTS, seed: int = 0
) -> Iterator[Outcome]:
    """Return an outcome for each method, number of samples, draw and unseen model."""
    groups = {name: group for name, group in setting.groups.items() if name in setting.models}
    for direction, (pool, unseen) in enumerate(both_directions(groups)):
        for count in counts:
            for draw, measured in choices_of(setting, pool, count, seed):
                for contender in contenders:
                    if count < contender.min_samples:
                        continue
                    model = contender.fit([*(setting.probes if contender.uses_probes else ()), *measured])
                    for name in unseen:
                        yield _outcome(setting, contender, model, count, f"{direction} {draw}", name)


def _outcome(
    setting: MeasuredSetting,
    contender: Contender,
    model: NetworkModel | PointPredictor,
    count: int,
    draw: str,
    name: str,
) -> Outcome:
    network = setting.models[name]
    records, log_measured = untimed(network.records), math.log(network.latency_us)
    if not isinstance(model, NetworkModel):
        return Outcome(
            setting=setting.name,
            method=contender.name,
            sample_count=count,
            draw=draw,
            network=name,
            log_error=model.log_us(records) - log_measured,
        )
    prediction = predict_records(model, records)
    return Outcome(
        setting=setting.name,
        method=contender.name,
        sample_count=count,
        draw=draw,
        network=name,
        log_error=prediction.log_us - log_measured,
        half_width=prediction.half_width,
        verdict=prediction.verdict,
        sd=prediction.sd,
        unknown_share=prediction.unknown_share,
    )
