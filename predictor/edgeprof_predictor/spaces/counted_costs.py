"""Costs of architectures, counted on the networks themselves: for spaces that do not say what their layers cost.

A network is built and run once, which takes some tens of milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from edgeprof_predictor.spaces.architecture import Architecture, FloatArray
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.costs import QUANTITIES, StageCosts, fused_activation, weightless

STAGE_COUNT: Final = 6
"""Stage `i` are the layers whose output is `2^i` times lower than the input; the last are all others."""

CACHED_COUNT: Final = 100_000
"""Architectures whose costs are kept."""

_ACTIVATIONS: Final = ("relu", "hardtanh", "leaky_relu", "prelu", "elu", "gelu", "silu", "sigmoid", "tanh", "hardswish")
_NORMALISATION: Final = "batch_norm"


def counted_costs(space: SearchSpace, choices: ArrayLike) -> StageCosts:
    """Return costs of `n x l` choices; a space of your own may call it from its `costs`.

    A normalisation is folded into the layer before it, an activation runs in the kernel of that layer, and what only
    renames or reorders values costs nothing. All layers count as one behind the other.

    Args:
        space: The search space.
        choices: The architectures.
    """
    rows = space.check_choices(choices)
    amounts = np.zeros((len(rows), STAGE_COUNT, len(QUANTITIES)))
    for index, row in enumerate(rows.tolist()):
        amounts[index] = _counted(space, tuple(row))
    return StageCosts(
        stages=tuple(f"1/{2**index}" for index in range(STAGE_COUNT)),
        amounts=amounts,
        fixed=np.zeros(len(QUANTITIES)),
        depth=amounts[:, :, QUANTITIES.index("launches")].sum(axis=1),
    )


@lru_cache(CACHED_COUNT)
def _counted(space: SearchSpace, row: tuple[int, ...]) -> FloatArray:
    counter = _CostCounter(space.input_shape[1])
    module = space.build(Architecture(space=space.name, choices=row))
    with torch.no_grad(), counter:
        module(torch.zeros(1, *space.input_shape))
    return counter.amounts


class _CostCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sums the costs of what runs, by stage.

    Args:
        height: Of the network's input.

    Shapes:
        amounts: `STAGE_COUNT x q`.
    """

    def __init__(self, height: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.amounts: FloatArray = np.zeros((STAGE_COUNT, len(QUANTITIES)))
        self._height = height
        self._follows_layer = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here, and to be skipped by the compiler torch would load it: seconds in every process.
        return False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        found = func(*args, **kwargs)
        outputs = [leaf for leaf in tree_leaves(found) if isinstance(leaf, Tensor)]
        returns = func._schema.returns
        is_view = any(item.alias_info is not None and not item.alias_info.is_write for item in returns)
        inputs = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        if inputs and outputs and not is_view:
            stage = self._stage(outputs[0])
            self.amounts[stage] += self._cost(func._overloadpacket, args, kwargs, inputs, outputs[0])
        return found

    def _stage(self, output: Tensor) -> int:
        if output.dim() != 4 or output.shape[2] < 1:
            return STAGE_COUNT - 1
        return min(max(round(math.log2(self._height / output.shape[2])), 0), STAGE_COUNT - 1)

    def _cost(
        self, packet: Any, args: Sequence[Any], kwargs: Mapping[str, Any], inputs: Sequence[Tensor], output: Tensor
    ) -> FloatArray:
        name = packet.__name__
        if _NORMALISATION in name:
            return _one("params", 2 * output.shape[1])
        follows_layer, self._follows_layer = self._follows_layer, packet in flop_registry
        if packet in flop_registry:
            return _layer(packet, args, kwargs, inputs, output)
        if name.rstrip("_") in _ACTIVATIONS and follows_layer:
            return fused_activation(output.numel())
        read = sum(item.numel() for item in inputs)
        window = math.prod(args[1]) if "pool2d" in name and len(args) > 1 and "adaptive" not in name else 1
        operations = max(read, output.numel() * window) if "pool" in name or name == "mean" else output.numel()
        return weightless(elements_in=read, elements_out=output.numel(), operations=operations)


def _layer(
    packet: Any, args: Sequence[Any], kwargs: Mapping[str, Any], inputs: Sequence[Tensor], output: Tensor
) -> FloatArray:
    """Return the cost of a convolution or of a product of matrices: `q`."""
    macs = flop_registry[packet](*args, **kwargs, out_val=output) // 2
    is_convolution = "conv" in packet.__name__
    # Of a product with bias the bias comes first.
    values, *weights = inputs if is_convolution or len(inputs) < 3 else (inputs[1], inputs[2], inputs[0])
    is_depthwise = is_convolution and weights[0].shape[1] == 1 and values.shape[1] > 1
    cost = _one("depthwise_macs" if is_depthwise else "macs", macs)
    cost += _one("params", sum(item.numel() for item in weights))
    cost += _one("traffic", values.numel() + output.numel())
    return cost + _one("launches", 1)


def _one(quantity: str, amount: float) -> FloatArray:
    amounts = np.zeros(len(QUANTITIES))
    amounts[QUANTITIES.index(quantity)] = amount
    return amounts
