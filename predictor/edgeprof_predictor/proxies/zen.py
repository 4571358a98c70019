"""zen-score: how many linear pieces a network is made of, by how much it answers to a small change of the input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from edgeprof_predictor.proxies.batch import Inputs
from edgeprof_predictor.proxies.network import attempt, call, copy_of, seeded
from edgeprof_predictor.proxies.record import NotAvailable
from edgeprof_predictor.proxies.shared_passes import SharedPasses

PERTURBATION: Final = 0.01
"""Size of the change, in standard deviations of the input. Source: Lin et al., section 4.1 and their code."""

ITEM_COUNT: Final = 16
"""Inputs drawn, or as many as the batch has if fewer. Source: their code."""

_NORMALISATION: Final = nn.modules.batchnorm._BatchNorm


@dataclass(slots=True)
class _Seen:
    """What the hooks saw of one run."""

    features: Tensor | None = None
    log_scale: float = 0.0


def zen_score(passes: SharedPasses) -> float:
    """Return `log mean_b ||f(x) - f(x + 0.01 e)|| + sum_l log sqrt(mean_k var_lk)`.

    `x` and `e` are standard normal, of the shape of the batch; weights are drawn anew from a standard normal
    distribution; `f` is the last feature map, before it is pooled to a vector; `var_lk` is the variance of channel
    `k` before batch normalisation `l`, which brings back the scale that the normalisation takes away.

    Source:
        Lin et al., Zen-NAS, ICCV 2021, algorithm 1.
    """
    module = copy_of(passes.original)
    if not any(isinstance(part, _NORMALISATION) for part in module.modules()):
        raise NotAvailable("it has no batch normalisation, which the score is made of")
    generator = torch.Generator().manual_seed(passes.seed)
    _draw_weights(module, generator)
    first, second = _pair(passes.batch.inputs, generator)
    with attempt("a run on random inputs"), seeded(module, passes.seed), torch.no_grad():
        seen = _run(module, first)
        changed = _run(module, second)
    if seen.features is None or changed.features is None:
        raise NotAvailable("none of its layers has a feature map")
    difference = (seen.features - changed.features).double().flatten(1).norm(dim=1).mean()
    if not difference > 0:
        raise NotAvailable("its features do not depend on its input")
    return math.log(float(difference)) + seen.log_scale


def _draw_weights(module: nn.Module, generator: torch.Generator) -> None:
    with torch.no_grad():
        for part in module.modules():
            for name, parameter in part.named_parameters(recurse=False):
                if parameter.ndim > 1:
                    parameter.copy_(torch.randn(parameter.shape, generator=generator))
                elif name == "bias":
                    parameter.zero_()
                elif isinstance(part, _NORMALISATION):
                    parameter.fill_(1.0)


def _pair(inputs: Inputs, generator: torch.Generator) -> tuple[Inputs, Inputs]:
    """Return random inputs, and the same a little changed; indices stay what they are."""

    def pair(tensor: Tensor) -> tuple[Tensor, Tensor]:
        few = tensor.detach()[:ITEM_COUNT].clone()
        if not tensor.is_floating_point():
            return few, few
        drawn = torch.randn(few.shape, generator=generator).to(few)
        return drawn, drawn + PERTURBATION * torch.randn(few.shape, generator=generator).to(few)

    if isinstance(inputs, dict):
        named = {name: pair(tensor) for name, tensor in inputs.items()}
        return {name: both[0] for name, both in named.items()}, {name: both[1] for name, both in named.items()}
    pairs = [pair(tensor) for tensor in inputs]
    return tuple(both[0] for both in pairs), tuple(both[1] for both in pairs)


def _run(module: nn.Module, inputs: Inputs) -> _Seen:
    seen = _Seen()
    with _watched(module, seen):
        output = call(module, inputs)
    if seen.features is None and output.ndim > 2:
        seen.features = output
    return seen


@contextmanager
def _watched(module: nn.Module, seen: _Seen) -> Iterator[None]:
    """Let `seen` hold the last feature map and the scale that normalisations take away."""

    def scale(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        axes = [axis for axis in range(given[0].ndim) if axis != 1]
        seen.log_scale += 0.5 * math.log(max(float(given[0].var(dim=axes, unbiased=False).mean()), 1e-300))

    def feature(_: nn.Module, __: object, produced: object) -> None:
        if isinstance(produced, Tensor) and produced.ndim > 2 and math.prod(produced.shape[2:]) > 1:
            seen.features = produced

    hooks = []
    for part in module.modules():
        if isinstance(part, _NORMALISATION):
            hooks.append(part.register_forward_pre_hook(scale))
        if not list(part.children()):
            hooks.append(part.register_forward_hook(feature))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
