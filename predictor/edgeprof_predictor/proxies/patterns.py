"""Activation patterns: for each item of a batch and each rectifier, on which side of 0 its input lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_RECTIFIERS: Final = frozenset(
    {
        torch.relu,
        torch.relu_,
        Tensor.relu,
        Tensor.relu_,
        functional.relu,
        functional.relu_,
        functional.relu6,
        functional.leaky_relu,
        functional.leaky_relu_,
        functional.prelu,
        torch.prelu,
        Tensor.prelu,
        functional.rrelu,
    }
)
"""Functions with one kink, at 0; modules such as `nn.ReLU` call them, too."""

_MAX_PART_UNITS: Final = 2**24
"""Units added up at once: single precision counts exactly up to this number."""


class PatternKernel(TorchFunctionMode):
    """Sum, over all rectifiers that run inside the block, for how many units two items agree on which side they are.

    Letters: `b` items.

    Args:
        size: `b`.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.matrix = np.zeros((size, size), dtype=np.int64)
        self.unit_count = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run a function of torch; look at what a rectifier is given before."""
        if func in _RECTIFIERS:
            self._add(args[0] if args else (kwargs or {})["input"])
        return func(*args, **(kwargs or {}))

    def _add(self, given: Tensor) -> None:
        size = len(self.matrix)
        if given.numel() == 0 or given.numel() % size:
            return  # not one row an item, so items cannot be compared
        with torch.no_grad():
            for part in torch.split(given.detach().reshape(size, -1) > 0, _MAX_PART_UNITS, dim=1):
                # +1 and -1 instead of 1 and 0: one product counts agreement on both sides.
                signs = part.float().mul_(2).sub_(1)
                agreement = (signs @ signs.T).to(torch.int64).cpu().numpy()
                self.unit_count += signs.shape[1]
                self.matrix += (agreement + signs.shape[1]) // 2
