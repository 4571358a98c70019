"""BRP-NAS: a graph network for each platform, trained from scratch on its samples."""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np

from edgeprof_predictor.methods.pointwise import LogLatency, PointwisePredictor, spread
from edgeprof_predictor.methods.single_platform import SinglePlatformRegressor
from edgeprof_predictor.networks.graph_network import GraphHyperparameters
from edgeprof_predictor.networks.graph_training import BRP_GRAPH, MOST_EPOCHS, train_reader
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

HELD_OUT_SHARE: Final = 0.1
"""Share of the samples that estimates the spread, which take no part in training."""


class BrpNasLatency(SinglePlatformRegressor):
    """A graph network for one platform.

    It asks for hundreds of samples: 900 in the paper's comparison, 3200 with its extra samples.

    Source:
        BRP-NAS, Dudziak et al. 2020. The published one reads the cell's edges as nodes with a node that sees all
        others, as here, in four graph convolutions of 600, as here. Differs: log latency is learned; each row of the
        graph's matrix has length 1; every node has a feature of its own besides its operation; sixteen samples a step
        instead of one, at twice the rate, without dropout, for at most 100 epochs instead of 250. Both stop early, here
        once a tenth of the samples does not improve for 20 epochs. A spread is estimated from another
        tenth; the published one predicts no interval. On other spaces than NAS-Bench-201 the published one was not
        shown; the graph is that of the space's decisions.
    """

    name: ClassVar[str] = "brp-nas"
    hyperparameters: ClassVar[GraphHyperparameters] = BRP_GRAPH
    most_epochs: ClassVar[int] = MOST_EPOCHS

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Train on nine tenths of the samples, of which a tenth decides when to stop; the rest estimates the spread."""
        if not samples.count:
            return super().adapt(samples, seed=seed)
        order = np.random.default_rng(seed).permutation(samples.count)
        held_out, trained = np.split(order, [int(HELD_OUT_SHARE * samples.count)])
        regressor = self.fit_regressor(Samples.of(samples.choices[trained], samples.latency_ms[trained]), seed=seed)
        errors = np.log(samples.latency_ms[held_out]) - regressor(samples.choices[held_out])
        return PointwisePredictor(
            regressor, spread(errors, fitted_count=0), is_relative=False, checked_count=len(held_out)
        )

    def fit_regressor(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return a network trained on the samples."""
        log_latency = np.log(samples.latency_ms)
        mean, sd = float(log_latency.mean()), max(float(log_latency.std()), 1e-6)
        regressor = train_reader(
            self.space,
            self.space.one_hot(samples.choices),
            (log_latency - mean) / sd,
            hyperparameters=self.hyperparameters,
            most_epochs=self.most_epochs,
            seed=seed,
        )

        def log_latency_of(choices: ChoiceArray) -> FloatArray:
            return regressor(self.space.one_hot(choices)) * sd + mean

        return log_latency_of
