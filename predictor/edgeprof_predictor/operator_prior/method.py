"""The method: operators of a device as the prior of a search space, and a process on what they do not tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.onboarding_method import OPERATORS, OnboardingMethod
from edgeprof_predictor.operator_prior.log_process import Describer, LogProcess
from edgeprof_predictor.operator_prior.predictor import (
    LEFT,
    OperatorLatencies,
    OperatorPriorPredictor,
)
from edgeprof_predictor.operator_prior.space_totals import Level, predict_totals
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.records import OperatorRecord, untimed
from edgeprof_predictor.operators.stored_posterior import AnyModel
from edgeprof_predictor.operators.totals import TotalsModel
from edgeprof_predictor.samplers.base import check_count
from edgeprof_predictor.samplers.random_sampler import choose_random
from edgeprof_predictor.samplers.variance_design import choose_by_variance
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, SearchSpace

UNKNOWN_LEVEL: Final = Level(mean=-0.1, sd=0.3)
"""Where no space of the device is known: probes run colder than operators in a row. By probes alone, networks of two
spaces on three settings were predicted .05 to .3 too slow in logs in one measurement, and from .18 too slow to .05 too
fast in another. All were of one processor, so that another one may lie further off."""

DEVICE_SD: Final = 0.1
SPACE_SD: Final = 0.1
"""How far levels of devices lie from one another, and those of spaces from that of their device: the levels of the two
spaces differed by .05 to .12 in one measurement and by .06 to .20 in the other."""

MICROSECONDS: Final = 1_000.0

DESIGN_COUNT: Final = 500
"""Candidates among which samples are chosen."""


def level_beside(known: Sequence[float]) -> Level:
    """Return what is expected of the level of a space beside others of the device.

    Args:
        known: Their levels.
    """
    if not known:
        return UNKNOWN_LEVEL
    shared = Level(mean=UNKNOWN_LEVEL.mean, sd=DEVICE_SD).given(np.array(known), SPACE_SD)
    return Level(mean=shared.mean, sd=math.hypot(shared.sd, SPACE_SD))


@dataclass(eq=False, repr=False)
class OperatorPriorMethod(OnboardingMethod):
    """Adapts what the operators of a device tell of a search space to measured networks.

    Args:
        space: The search space.
        model: The device's operator model.
        records: Operators of some networks of the space, by the text of their architecture.
        level: What is known of the level of the space.
        networks: Measured networks with their operators, by the text of their architecture.
    """

    name: ClassVar[str] = OPERATORS
    sampler_name: ClassVar[str] = "variance"

    space: SearchSpace
    model: AnyModel
    records: Mapping[str, Sequence[OperatorRecord]]
    level: Level = UNKNOWN_LEVEL
    networks: Mapping[str, MeasuredNetwork] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.platforms = ()
        self._describer = Describer(FeatureMap(self.space))

    def given(self, networks: Sequence[MeasuredNetwork]) -> OperatorPriorMethod:
        """Return the method with the operators of measured networks, each named by the text of its architecture."""
        method = copy(self)  # with its descriptions of the space, which take a while
        method.networks = {network.name: network for network in networks}
        return method

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return a typical network first, then those that lower the variance of all predictions most."""
        check_count(len(candidates), count)
        is_connected = self.space.is_connected(candidates)
        eligible = np.flatnonzero(is_connected) if is_connected.sum() >= count else np.arange(len(candidates))
        eligible = eligible[choose_random(len(eligible), min(max(DESIGN_COUNT, count), len(eligible)), seed=seed)]
        described = self._describer(candidates[eligible])
        left = LogProcess(self._describer(measured.choices), np.zeros(measured.count), LEFT, seed=seed)
        first = None if measured.count else self._typical(candidates[eligible])
        noise = np.full((1, len(described)), left.noise_variance)
        chosen, _ = choose_by_variance(left.covariance(described)[None], noise, count, first=first)
        indices: NDArray[np.int64] = eligible[chosen]
        return indices

    def _typical(self, candidates: ChoiceArray) -> int:
        """Return which of some candidates has the median latency by its operators."""
        predictor = self.adapt(Samples.none(self.space), seed=0)
        latencies = predictor.predict(candidates).latency_ms
        return int(np.argsort(latencies)[len(latencies) // 2])

    def adapt(self, samples: Samples, *, seed: int) -> OperatorPriorPredictor:
        """Return what the operators tell, those of the samples among them, and what is left of the samples."""
        texts = [self.space.format(item) for item in self.space.architectures(samples.choices)]
        is_known = np.array([text in self.networks for text in texts], dtype=np.bool_)
        measured = [self.networks[text] for text in texts if text in self.networks]
        # A network's own graph, as the device ran it, comes before the one that was read before.
        records = {**self.records, **{network.name: untimed(network.records) for network in measured}}
        totals = predict_totals(self.model, list(records.values()), measured, self.level)
        choices = self.space.choices([self.space.parse(text) for text in records])
        latencies = OperatorLatencies(
            choices=self.space.pruned(choices),
            log_ms=totals.log_us - math.log(MICROSECONDS),
            alone=totals.alone,
            left_out=totals.left_out,
            level=totals.level,
            is_by_latencies=isinstance(self.model, TotalsModel),
        )
        predictor = OperatorPriorPredictor(
            describer=self._describer, latencies=latencies, known_samples=samples.where(is_known)
        )
        return predictor if is_known.all() else predictor.joined(samples.where(~is_known))
