"""A graph network is trained until held-out samples stop improving."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.networks import graph_training
from edgeprof_predictor.networks.graph_network import GraphHyperparameters
from edgeprof_predictor.networks.graph_training import BestWeights, train_reader
from edgeprof_predictor.spaces import CategoricalSpace

SPACE = CategoricalSpace("chain", (4,) * 8)
SMALL = GraphHyperparameters(graph_width=64, graph_depth=2, layer_widths=(64, 1))


def additive(count: int, *, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    one_hot = SPACE.one_hot(SPACE.sample_choices(count, seed=0)).astype(np.float64)
    values = one_hot @ generator.normal(size=one_hot.shape[1])
    values = (values - values.mean()) / values.std() + noise * generator.normal(size=count)
    return one_hot, values


@pytest.fixture
def epochs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the passes that each training took, one entry a training that may stop early."""
    taken: list[int] = []
    original = BestWeights.is_done

    def is_done(self: BestWeights, epoch: int) -> bool:
        if epoch == 1:
            taken.append(0)
        taken[-1] = epoch
        return original(self, epoch)

    monkeypatch.setattr(BestWeights, "is_done", is_done)
    return taken


def test_more_samples_are_trained_on_for_longer_and_predict_better(epochs: list[int]) -> None:
    inputs, values = additive(1200)
    errors = []
    for count in (200, 800):
        predict = train_reader(SPACE, inputs[:count], values[:count], hyperparameters=SMALL, seed=0)
        errors.append(float(np.mean((predict(inputs[800:]) - values[800:]) ** 2)))
    assert spearman(values[800:], predict(inputs[800:])) > 0.9
    assert errors[1] < 0.5 * errors[0]
    assert epochs[1] * (720 // graph_training.BATCH_SIZE) > 600


def test_noise_ends_the_training_early(epochs: list[int]) -> None:
    inputs, values = additive(200, noise=3.0)
    train_reader(SPACE, inputs, values, hyperparameters=SMALL, most_epochs=400, seed=0)
    assert graph_training.PATIENCE < epochs[0] < 200


def test_too_few_samples_to_hold_some_out_are_all_trained_on(epochs: list[int]) -> None:
    inputs, values = additive(30)
    predict = train_reader(SPACE, inputs, values, hyperparameters=SMALL, seed=0)
    assert epochs == []
    assert spearman(values, predict(inputs)) > 0.8


def test_the_best_weights_are_given_back() -> None:
    network = nn.Linear(1, 1)
    errors = iter([3.0, 1.0, 2.0, 2.0])
    best = BestWeights(network, lambda: next(errors), patience=2)
    done = []
    for epoch in range(1, 5):
        nn.init.constant_(network.weight, float(epoch))
        done.append(best.is_done(epoch))
    best.restore()
    assert done == [False, False, False, True]
    assert torch.equal(network.weight.detach(), torch.full((1, 1), 2.0))
