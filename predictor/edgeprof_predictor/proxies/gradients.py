"""grad-norm, snip, plain, grasp, fisher: scores of the gradient of the loss at the initial weights.

Letters: weights `w` of two or more dimensions, loss `L`, gradient `g = dL/dw`, Hessian `H` of the loss.
All five share one forward and one backward pass; grasp adds a second backward pass through the first.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edgeprof_predictor.proxies.record import NotAvailable
from edgeprof_predictor.proxies.shared_passes import SharedPasses


def grad_norm(passes: SharedPasses) -> float:
    """Return the sum over weight tensors of the Euclidean norm of their gradients.

    Source:
        Abdelfattah et al., Zero-cost proxies for lightweight NAS, ICLR 2021, section 3.1.
    """
    return _total([gradient.detach().norm() for gradient in passes.gradients])


def snip(passes: SharedPasses) -> float:
    """Return `sum |w g|`: how much the loss changes if single weights are pruned.

    Source:
        Lee et al., SNIP, ICLR 2019, equation 5; summed over weights by Abdelfattah et al. 2021.
    """
    return _total([part.abs().sum(dtype=torch.float64) for part in _products(passes, passes.gradients)])


def plain(passes: SharedPasses) -> float:
    """Return `sum w g`, the same with its sign.

    The weights before a normalisation add nothing but rounding: the loss does not depend on their scale.

    Source:
        Mozer and Smolensky, Skeletonization, NeurIPS 1988; as named in NAS-Bench-Suite-Zero, 2022.
    """
    return _total([part.sum(dtype=torch.float64) for part in _products(passes, passes.gradients)])


def grasp(passes: SharedPasses) -> float:
    """Return `-sum w (H g)`: how much pruning changes the flow of gradients.

    Source:
        Wang et al., Picking winning tickets before training, ICLR 2020, equation 8; the sign of Abdelfattah et al.
    """
    return -_total([part.sum(dtype=torch.float64) for part in _products(passes, passes.curvature)])


def fisher(passes: SharedPasses) -> float:
    """Return `sum_k n_k mean_b (sum_s a g)^2 / 2` over the channels `k` of convolutions and linear layers.

    `a` is a channel's activation at place `s`, `g` the loss's derivative by it, `n_k` the number of weights that
    lead to the channel, over which published code spreads a channel's score.

    Source:
        Turner et al., BlockSwap, ICLR 2020, equation 3; NAS-Bench-Suite-Zero, 2022.
    """
    layers = passes.channels
    if not layers:
        raise NotAvailable("its loss depends on no convolution or linear layer")
    return _total([_channel_information(*parts, size=passes.batch.size) for parts in layers])


def _channel_information(layer: nn.Module, activation: Tensor, derivative: Tensor, *, size: int) -> Tensor:
    channel_axis = activation.ndim - 1 if isinstance(layer, nn.Linear) else 1
    product = (activation.detach() * derivative.detach()).movedim(channel_axis, -1)
    channels = product.shape[-1]
    if product.numel() % (size * channels):
        raise NotAvailable("a layer's activations are not one row an item")
    weight = layer.weight
    assert isinstance(weight, Tensor)
    by_item = product.reshape(size, -1, channels).sum(dim=1)
    return by_item.square().mean(dim=0).sum(dtype=torch.float64) * (weight.numel() / channels / 2)


def _products(passes: SharedPasses, tensors: list[Tensor]) -> list[Tensor]:
    return [weight.detach() * tensor.detach() for weight, tensor in zip(passes.weights, tensors, strict=True)]


def _total(parts: list[Tensor]) -> float:
    return float(torch.stack([part.double() for part in parts]).sum())
