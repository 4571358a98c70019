"""flops, params, l2-norm: how large a network is and how large its weights are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from edgeprof_predictor.proxies.batch import Inputs
from edgeprof_predictor.proxies.network import attempt, call, copy_of, seeded
from edgeprof_predictor.proxies.record import NotAvailable
from edgeprof_predictor.proxies.shared_passes import SharedPasses

MILLION: Final = 1e6

_NORMALISATIONS: Final = ("batch_norm", "layer_norm", "group_norm")
_ACTIVATIONS: Final = ("relu", "hardtanh", "leaky_relu", "prelu", "elu", "gelu", "silu", "sigmoid", "tanh", "hardswish")


def flops(passes: SharedPasses) -> float:
    """Return what one item costs, in millions of operations.

    A multiplication with its addition is one operation; a normalisation takes two for each element, an activation one,
    a pool one for each element that it reads.

    Source:
        Ning et al., Evaluating efficient performance estimators of neural architectures, NeurIPS 2021; counted as in
        NAS-Bench-Suite-Zero, 2022.
    """
    module = copy_of(passes.original).eval()
    counter = _OperationCounter()
    with attempt("a run on a single item"), seeded(module, passes.seed), torch.no_grad(), counter:
        call(module, _first(passes.batch.inputs))
    if not counter.count:
        raise NotAvailable("no operation that is counted was seen in it")
    return counter.count / MILLION


def params(passes: SharedPasses) -> float:
    """Return the number of trainable numbers, in millions; biases and normalisations included.

    Source:
        As flops.
    """
    count = sum(parameter.numel() for parameter in passes.original.parameters())
    if not count:
        raise NotAvailable("it has no parameter")
    return count / MILLION


def l2_norm(passes: SharedPasses) -> float:
    """Return the sum over weight tensors of their Euclidean norm.

    Source:
        Abdelfattah et al., Zero-cost proxies for lightweight NAS, ICLR 2021.
    """
    if not passes.weights:
        raise NotAvailable("it has no weight of two or more dimensions")
    return float(torch.stack([weight.detach().norm().double() for weight in passes.weights]).sum())


class _OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the operations of all that runs inside the block."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Nothing is compiled here, and to be skipped by the compiler torch would load it: seconds in every process.
        return False

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        output = result[0] if isinstance(result, tuple) else result
        if func.overloadpacket in flop_registry:
            # torch counts a multiplication and its addition as two.
            self.count += int(flop_registry[func.overloadpacket](*args, **(kwargs or {}), out_val=result)) // 2
        elif isinstance(output, Tensor):
            self.count += _weightless_count(str(func.overloadpacket.__name__), args, output)
        return result


def _weightless_count(name: str, args: tuple[Any, ...], output: Tensor) -> int:
    if any(kind in name for kind in _NORMALISATIONS):
        return 2 * output.numel()
    if name.rstrip("_") in _ACTIVATIONS:
        return output.numel()
    if name == "mean" or "adaptive_avg_pool" in name:
        return int(args[0].numel())
    if "_pool" in name:
        window = args[1] if len(args) > 1 else [1]
        spatial = output.ndim - 2
        return int(output.numel() * (prod(window) if len(window) > 1 else window[0] ** spatial))
    return 0


def _first(inputs: Inputs) -> Inputs:
    if isinstance(inputs, dict):
        return {name: tensor.detach()[:1].clone() for name, tensor in inputs.items()}
    return tuple(tensor.detach()[:1].clone() for tensor in inputs)
