"""synflow: how much flows through all paths of a network, whatever the data."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from edgeprof_predictor.proxies.batch import Inputs
from edgeprof_predictor.proxies.network import attempt, call, copy_of, seeded, weights_of
from edgeprof_predictor.proxies.record import NotAvailable
from edgeprof_predictor.proxies.shared_passes import SharedPasses


def synflow(passes: SharedPasses) -> float:
    """Return `log sum |w dR/dw|`, `R` the summed output for an input of ones.

    All parameters are taken by their absolute value, batch normalisations are left out, arithmetic is in double
    precision: the sum grows with the product of all layers, hence the logarithm.

    Source:
        Tanaka et al., Pruning neural networks without any data, NeurIPS 2020, equation 2; without normalisation and as
        logarithm in NAS-Bench-Suite-Zero, 2022.
    """
    module = _without_normalisation(copy_of(passes.original)).double()
    weights = weights_of(module)
    if not weights:
        raise NotAvailable("it has no weight of two or more dimensions")
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.abs_()
    with attempt("a run in double precision on ones"), seeded(module, passes.seed):
        flow = call(module, _ones(passes.batch.inputs)).sum()
        found = torch.autograd.grad(flow, weights, allow_unused=True)
    total = sum(
        float((weight.detach() * part).abs().sum())
        for weight, part in zip(weights, found, strict=True)
        if part is not None
    )
    if not total > 0:
        raise NotAvailable("no path leads from its input to its output")
    return math.log(total)


def _without_normalisation(module: nn.Module) -> nn.Module:
    kind = nn.modules.batchnorm._BatchNorm
    if isinstance(module, kind):
        return nn.Identity()
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, kind):
                setattr(parent, name, nn.Identity())
    return module


def _ones(inputs: Inputs) -> Inputs:
    def one(tensor: Tensor) -> Tensor:
        first = tensor.detach()[:1]
        # Indices, such as words of a text, stay what they are.
        return torch.ones_like(first, dtype=torch.float64) if tensor.is_floating_point() else first.clone()

    return {name: one(item) for name, item in inputs.items()} if isinstance(inputs, dict) else tuple(map(one, inputs))
