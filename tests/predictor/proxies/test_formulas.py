"""Each formula against a plain computation of its own, on a network small enough for it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from predictor.proxies.networks import Classifier
from torch import Tensor, nn

from edgeprof_predictor.proxies import Batch, compute_proxies
from edgeprof_predictor.spaces import get_space

SIZE = 10


@pytest.fixture(scope="module")
def module() -> nn.Module:
    torch.manual_seed(0)
    return Classifier()


@pytest.fixture(scope="module")
def batch() -> Batch:
    torch.manual_seed(1)
    return Batch(inputs=(torch.randn(SIZE, 3, 9, 9),), targets=torch.arange(SIZE) % 4)


@pytest.fixture(scope="module")
def weights(module: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in module.parameters() if parameter.ndim > 1]


@pytest.fixture(scope="module")
def scores(module: nn.Module, batch: Batch) -> dict[str, float]:
    found = {name: score.score for name, score in compute_proxies(module, batch).scores.items()}
    return {name: score for name, score in found.items() if score is not None}


def loss_of(module: nn.Module, batch: Batch) -> Tensor:
    assert batch.targets is not None
    return nn.functional.cross_entropy(module.train()(batch.tensors[0]), batch.targets)


def test_gradient_proxies(
    module: nn.Module, batch: Batch, weights: list[nn.Parameter], scores: dict[str, float]
) -> None:
    gradients = torch.autograd.grad(loss_of(module, batch), weights)
    pairs = [(weight.detach(), gradient) for weight, gradient in zip(weights, gradients, strict=True)]
    assert scores["grad-norm"] == pytest.approx(sum(float(gradient.norm()) for gradient in gradients), rel=1e-4)
    assert scores["snip"] == pytest.approx(sum(float((w * g).abs().sum()) for w, g in pairs), rel=1e-4)
    assert scores["plain"] == pytest.approx(sum(float((w * g).sum()) for w, g in pairs), rel=1e-3)
    assert scores["l2-norm"] == pytest.approx(sum(float(weight.detach().norm()) for weight in weights), rel=1e-6)


def test_grasp_is_the_product_with_the_hessian(
    module: nn.Module, batch: Batch, weights: list[nn.Parameter], scores: dict[str, float]
) -> None:
    def loss(*given: Tensor) -> Tensor:
        names = [name for name, parameter in module.named_parameters() if parameter.ndim > 1]
        output = torch.func.functional_call(module.train(), dict(zip(names, given, strict=True)), (batch.tensors[0],))
        assert isinstance(output, Tensor) and batch.targets is not None
        return nn.functional.cross_entropy(output, batch.targets)

    values = tuple(weight.detach().clone() for weight in weights)
    gradients = torch.autograd.grad(loss_of(module, batch), weights)
    _, products = torch.autograd.functional.hvp(loss, values, tuple(gradients))
    expected = -sum(float((weight * product).sum()) for weight, product in zip(values, products, strict=True))
    assert scores["grasp"] == pytest.approx(expected, rel=1e-3)


def test_fisher_of_one_linear_layer() -> None:
    torch.manual_seed(0)
    layer, inputs, targets = nn.Linear(5, 3), torch.randn(6, 5), torch.arange(6) % 3
    activation = layer(inputs).detach().requires_grad_()
    nn.functional.cross_entropy(activation, targets).backward()
    assert activation.grad is not None
    by_channel = (activation.detach() * activation.grad).square().mean(dim=0) / 2
    record = compute_proxies(layer, (inputs, targets), ("fisher",))
    assert record["fisher"] == pytest.approx(float(5 * by_channel.sum()), rel=1e-5)


def test_jacov_and_epe_nas_from_derivatives_by_the_inputs(
    module: nn.Module, batch: Batch, scores: dict[str, float]
) -> None:
    images = batch.tensors[0].clone().requires_grad_()
    (derivative,) = torch.autograd.grad(module.train()(images).sum(), images)
    rows = derivative.reshape(SIZE, -1).double().numpy()
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(rows)).clip(0) + 1e-5
    assert scores["jacov"] == pytest.approx(-np.sum(np.log(eigenvalues) + 1 / eigenvalues), rel=1e-3)
    labels = np.arange(SIZE) % 4
    by_class = [np.log(np.abs(np.corrcoef(rows[labels == label])) + 1e-5).sum() for label in range(4)]
    assert scores["epe-nas"] == pytest.approx(sum(map(abs, by_class)), rel=1e-3)


def test_epe_nas_compares_classes_where_there_are_many() -> None:
    torch.manual_seed(0)
    wide = Classifier(101)
    images, labels = torch.randn(6, 3, 9, 9), torch.tensor([0, 0, 0, 1, 1, 100])
    own = images.clone().requires_grad_()
    (derivative,) = torch.autograd.grad(wide.train()(own).sum(), own)
    rows = derivative.reshape(6, -1).double().numpy()
    means = [np.log(np.abs(np.corrcoef(part)) + 1e-5).sum() / len(part) for part in (rows[:3], rows[3:5])]
    record = compute_proxies(wide, (images, labels), ("epe-nas",))
    assert record["epe-nas"] == pytest.approx(abs(means[0] - means[1]), rel=1e-3)


def test_nwot_counts_on_which_rectifiers_two_items_agree() -> None:
    torch.manual_seed(0)
    layers, inputs = nn.Sequential(nn.Linear(4, 30), nn.ReLU(), nn.Linear(30, 2)), torch.randn(5, 4)
    codes = (layers[0](inputs) > 0).double().numpy()
    kernel = codes @ codes.T + (1 - codes) @ (1 - codes).T
    assert compute_proxies(layers, inputs, ("nwot",))["nwot"] == pytest.approx(np.linalg.slogdet(kernel)[1], rel=1e-6)


def test_nwot_of_linearly_dependent_patterns_is_not_available() -> None:
    rectifiers = nn.Sequential(nn.ReLU())
    patterns = torch.zeros(4, 40)
    patterns[0, :2] = patterns[1, 2:4] = patterns[2, :4] = 1  # the third and the last add up to the first and second
    scores = compute_proxies(rectifiers, patterns, ("nwot",)).scores
    assert scores["nwot"].score is None and "linearly dependent" in scores["nwot"].reason
    patterns[3, 0] = 1
    assert compute_proxies(rectifiers, patterns, ("nwot",))["nwot"] == pytest.approx(np.log(608), rel=1e-9)


def test_nwot_of_more_items_than_the_rectifiers_tell_apart_is_not_available() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    scores = compute_proxies(layers, torch.randn(8, 4), ("nwot",)).scores
    assert scores["nwot"].score is None and "more items" in scores["nwot"].reason


def test_nwot_sees_rectifiers_that_are_functions_and_modules_once_each() -> None:
    class Functional(nn.Module):
        def __init__(self, layers: nn.Sequential) -> None:
            super().__init__()
            self.first, self.last = layers[0], layers[2]

        def forward(self, given: Tensor) -> Tensor:
            found: Tensor = self.last(torch.relu(self.first(given)))
            return found

    layers, inputs = nn.Sequential(nn.Linear(4, 30), nn.ReLU(), nn.Linear(30, 2)), torch.randn(5, 4)
    one, other = (compute_proxies(network, inputs, ("nwot",))["nwot"] for network in (layers, Functional(layers)))
    assert one == other


def test_synflow_of_two_layers_is_the_sum_over_paths() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(4, 3, bias=False), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2, bias=False))
    first, last = (layers[index].weight.detach().double().abs() for index in (0, 3))
    flow = float((last @ first).sum())  # each of the two layers accounts for all of it
    assert compute_proxies(layers, torch.randn(5, 4), ("synflow",))["synflow"] == pytest.approx(math.log(2 * flow))


def test_zen_score_does_not_change_with_the_weights_of_the_module_but_grows_with_depth(batch: Batch) -> None:
    def network(depth: int, scale: float) -> nn.Module:
        torch.manual_seed(depth)
        blocks = [part for _ in range(depth) for part in (nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())]
        made = nn.Sequential(nn.Conv2d(3, 8, 3), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
        with torch.no_grad():
            made[0].weight.mul_(scale)
        return made

    shallow, scaled, deep = (
        compute_proxies(network(*pair), batch, ("zen-score",))["zen-score"] for pair in ((2, 1), (2, 9), (5, 1))
    )
    assert shallow == scaled
    assert deep is not None and shallow is not None and deep > shallow


@pytest.mark.parametrize("name", ["nasbench201", "fbnet"])
def test_flops_and_params_of_spaces_are_those_of_their_costs(name: str) -> None:
    space = get_space(name)
    drawn = space.sample_choices(30, seed=2)
    choices = drawn[np.all(space.pruned(drawn) == drawn, axis=1)][:2]
    costs = space.costs(choices)
    assert costs is not None
    macs = costs.total("macs") + costs.total("depthwise_macs")
    for index, architecture in enumerate(space.architectures(choices)):
        record = compute_proxies(space.build(architecture), torch.zeros(1, *space.input_shape), ("flops", "params"))
        assert record["params"] == pytest.approx(costs.total("params")[index] / 1e6)
        assert record["flops"] == pytest.approx(macs[index] / 1e6, rel=0.1)  # weightless layers included
