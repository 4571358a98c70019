"""nwot: how differently the rectifiers of a network answer to different inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from edgeprof_predictor.proxies.integer_matrix import is_singular
from edgeprof_predictor.proxies.record import NotAvailable

if TYPE_CHECKING:
    from edgeprof_predictor.proxies.evidence import Evidence

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
            return  # not one row an item, so nothing can be said of items
        with torch.no_grad():
            for part in torch.split(given.detach().reshape(size, -1) > 0, _MAX_PART_UNITS, dim=1):
                # +1 and -1 instead of 1 and 0: one product counts agreement on both sides.
                signs = part.float().mul_(2).sub_(1)
                agreement = (signs @ signs.T).to(torch.int64).cpu().numpy()
                self.unit_count += signs.shape[1]
                self.matrix += (agreement + signs.shape[1]) // 2


def nwot(evidence: Evidence) -> float:
    """Return the logarithm of the determinant of the kernel of activation patterns.

    `log |det K|`, `K_ij` the number of rectifiers on whose sign items `i` and `j` agree, over all layers. The entries
    are integers, and whether the determinant is 0 is decided over integers.

    Raises:
        NotAvailable: If there is no rectifier, or the determinant is 0.

    Source:
        Mellor et al., Neural architecture search without training, ICML 2021, section 3; NAS-Bench-Suite-Zero, 2022.
    """
    _ = evidence.output
    if not evidence.kernel.unit_count:
        raise NotAvailable("it has no ReLU, so no linear regions that could be counted")
    # A kernel of more items than units + 1 is singular: its rank is that of the patterns and their complements.
    if len(evidence.kernel.matrix) > evidence.kernel.unit_count + 1 or is_singular(evidence.kernel.matrix):
        raise NotAvailable(
            "the activation patterns of the batch are linearly dependent, so the determinant is 0: two items have the "
            "same pattern, or there are more items than the rectifiers tell apart; give fewer or other items"
        )
    return float(np.linalg.slogdet(evidence.kernel.matrix.astype(np.float64))[1])
