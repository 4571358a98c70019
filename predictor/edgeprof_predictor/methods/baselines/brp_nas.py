"""BRP-NAS: a graph network for each platform, trained from scratch on its samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

import numpy as np
import torch
from torch import nn

from edgeprof_predictor.methods.pointwise import LogLatency, PointwisePredictor, spread
from edgeprof_predictor.methods.single_platform import LoneMethod
from edgeprof_predictor.networks.graph_network import GraphHyperparameters, GraphReader
from edgeprof_predictor.networks.latency_network import one_thread
from edgeprof_predictor.networks.optimisation import descend
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray

BRP_GRAPH: Final = GraphHyperparameters(graph_width=600, graph_depth=4, layer_widths=(1,))
"""BRP-NAS, Dudziak et al. 2020: four convolutions of 600."""

STEP_COUNT: Final = 600
BATCH_SIZE: Final = 16
LEARNING_RATE: Final = 8e-4
WEIGHT_DECAY: Final = 5e-4
"""Published with its program: single samples at 0.0004, at most 250 epochs with early stopping, a dropout of 0.002.
Ours takes a fixed number of steps of sixteen at twice the rate, a few hundredths of the computing."""

HELD_OUT_SHARE: Final = 0.1
"""Share of many samples that only tells the spread, as the published program keeps some for early stopping."""


class BrpNas(LoneMethod):
    """A graph network that knows one platform only.

    It asks for hundreds of samples: 900 in the paper's comparison, 3200 with its extra samples.

    Source:
        BRP-NAS, Dudziak et al. 2020. The published one reads the cell's edges as nodes with a node
        that sees all others, as here.
    """

    name: ClassVar[str] = "brp-nas"
    hyperparameters: ClassVar[GraphHyperparameters] = BRP_GRAPH
    step_count: ClassVar[int] = STEP_COUNT

    def adapt(self, samples: Samples, *, seed: int) -> PointwisePredictor:
        """Train on the samples but for a tenth, which the network has not seen and which tells the spread."""
        if not samples.count:
            return super().adapt(samples, seed=seed)
        order = np.random.default_rng(seed).permutation(samples.count)
        held_out, trained = np.split(order, [int(HELD_OUT_SHARE * samples.count)])
        law = self.fit_law(Samples.of(samples.choices[trained], samples.latency_ms[trained]), seed=seed)
        errors = np.log(samples.latency_ms[held_out]) - law(samples.choices[held_out])
        return PointwisePredictor(law, spread(errors, fitted_count=0), is_relative=False, checked_count=len(held_out))

    def fit_law(self, samples: Samples, *, seed: int) -> LogLatency:
        """Return what a network trained on the samples says."""
        log_latency = np.log(samples.latency_ms)
        mean, sd = float(log_latency.mean()), max(float(log_latency.std()), 1e-6)
        law = train_reader(
            self.space,
            self.space.one_hot(samples.choices),
            (log_latency - mean) / sd,
            hyperparameters=self.hyperparameters,
            step_count=self.step_count,
            seed=seed,
        )

        def log_latency_of(choices: ChoiceArray) -> FloatArray:
            return law(self.space.one_hot(choices)) * sd + mean

        return log_latency_of


def train_reader(
    space: CategoricalSpace,
    one_hot: FloatArray,
    standardised: FloatArray,
    *,
    hyperparameters: GraphHyperparameters = BRP_GRAPH,
    step_count: int = STEP_COUNT,
    seed: int,
) -> Callable[[FloatArray], FloatArray]:
    """Return what a graph network trained on values of architectures says of any others.

    Letters: `n` architectures, `d` width of the one-hot encoding.

    Args:
        space: Of the architectures.
        one_hot: Their decisions.
        standardised: What to learn: latencies or accuracies, less their mean and in standard deviations.
        hyperparameters: Sizes of the network.
        step_count: Steps of gradient descent.
        seed: Of weights and order.

    Shapes:
        one_hot: `n x d`.  standardised: `n`.
        returns: a function of `n' x d` encodings to `n'` values.
    """
    encodings = torch.as_tensor(one_hot, dtype=torch.float32)
    targets = torch.as_tensor(standardised, dtype=torch.float32)
    count = len(targets)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = GraphReader(space, hyperparameters)
    descend(
        network.parameters(),
        lambda batch: nn.functional.mse_loss(network(encodings[batch]).squeeze(-1), targets[batch]),
        count=count,
        batch_size=BATCH_SIZE,
        epochs=max(step_count // -(-count // BATCH_SIZE), 1),
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        seed=seed,
    )

    def values_of(others: FloatArray) -> FloatArray:
        inputs = torch.as_tensor(others, dtype=torch.float32)
        with one_thread(), torch.no_grad():
            parts = [network(part).squeeze(-1) for part in torch.split(inputs, 1024)]
        values: FloatArray = torch.cat(parts).numpy().astype(np.float64)
        return values

    return values_of
