"""What a network asks of any machine: arithmetic, memory traffic and kernel launches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError

QUANTITIES: Final = (
    "macs",  # multiply-accumulates of convolutions and linear layers, depthwise ones left out
    "depthwise_macs",  # multiply-accumulates of depthwise convolutions
    "params",  # weights read, normalisation included
    "traffic",  # activation elements read and written
    "launches",  # operations that no runtime fuses away
    "elementwise",  # elements computed without weights: activations, additions, pools, shuffles
)
"""The amounts counted, in the order of the last axis of every cost array."""

MACS: Final = QUANTITIES.index("macs")
DEPTHWISE: Final = QUANTITIES.index("depthwise_macs")
"""Columns of the two kinds of multiply-accumulates."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageCosts:
    """Physical costs of a batch of architectures, for one image each.

    A stage is a group of layers of equal resolution and width. Letters: `n` architectures,
    `s` stages, `q` quantities.

    Args:
        stages: Names of the `s` stages.
        amounts: What the decisions cost.
        fixed: What every architecture of the space costs besides: stem, reductions, head.
        depth: Computing layers on the longest path that the decisions leave.

    Shapes:
        amounts: `n x s x q`.  fixed: `q`.  depth: `n`.

    Raises:
        EncodingError: If a shape does not fit, or an amount is negative or not finite.
    """

    stages: tuple[str, ...]
    amounts: NDArray[np.float64]
    fixed: NDArray[np.float64]
    depth: NDArray[np.float64]

    def __post_init__(self) -> None:
        count = len(self.depth)
        expected = {
            "amounts": (count, len(self.stages), len(QUANTITIES)),
            "fixed": (len(QUANTITIES),),
            "depth": (count,),
        }
        for name, shape in expected.items():
            array: NDArray[np.float64] = getattr(self, name)
            if array.shape != shape:
                raise EncodingError(f"costs: {name} must have shape {shape}, got {array.shape}")
            if not np.all(np.isfinite(array)) or np.any(array < 0):
                raise EncodingError(f"costs: {name} must be finite and not negative")

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of the `q` quantities."""
        return QUANTITIES

    @property
    def totals(self) -> NDArray[np.float64]:
        """Costs of whole networks, fixed part included: `n x q`."""
        summed: NDArray[np.float64] = self.amounts.sum(axis=1)
        return summed + self.fixed

    def total(self, quantity: str) -> NDArray[np.float64]:
        """Return one quantity of whole networks, fixed part included: `n`."""
        return self.totals[:, QUANTITIES.index(quantity)]


def convolution(
    *,
    side: int,
    channels_in: int,
    channels_out: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    has_norm: bool = True,
    has_bias: bool = False,
) -> NDArray[np.float64]:
    """Cost of one convolution with its normalisation, which runtimes fold into the weights.

    Args:
        side: Height and width of the square input.
        channels_in: Channels read.
        channels_out: Channels written.
        kernel: Height and width of the kernel; the padding keeps the side at stride 1.
        stride: Step of the kernel.
        groups: Groups of channels; as many as channels make it depthwise.
        has_norm: Whether two parameters a channel of normalisation come with it.
        has_bias: Whether one parameter a channel of bias does.

    Shapes:
        returns: `q`.
    """
    elements_out = channels_out * (side // stride) ** 2
    weights_per_output = kernel**2 * channels_in // groups
    macs = elements_out * weights_per_output
    is_depthwise = groups == channels_in and groups > 1
    return _amounts(
        macs=0 if is_depthwise else macs,
        depthwise_macs=macs if is_depthwise else 0,
        params=channels_out * (weights_per_output + 2 * has_norm + has_bias),
        traffic=channels_in * side**2 + elements_out,
        launches=1,
    )


def transposed_convolution(
    *,
    side: int,
    channels_in: int,
    channels_out: int,
    kernel: int,
    has_norm: bool = True,
    has_bias: bool = False,
) -> NDArray[np.float64]:
    """Cost of one transposed convolution that doubles the resolution, with its normalisation.

    Args:
        side: Height and width of the square input; the output's are twice that.
        channels_in: Channels read.
        channels_out: Channels written.
        kernel: Height and width of the kernel.
        has_norm: Whether two parameters a channel of normalisation come with it.
        has_bias: Whether one parameter a channel of bias does.

    Shapes:
        returns: `q`.
    """
    return _amounts(
        macs=channels_in * side**2 * kernel**2 * channels_out,
        params=channels_out * (kernel**2 * channels_in + 2 * has_norm + has_bias),
        traffic=channels_in * side**2 + channels_out * (2 * side) ** 2,
        launches=1,
    )


def linear(*, features_in: int, features_out: int) -> NDArray[np.float64]:
    """Cost of one fully connected layer with bias: `q`."""
    return _amounts(
        macs=features_in * features_out,
        params=(features_in + 1) * features_out,
        traffic=features_in + features_out,
        launches=1,
    )


def weightless(*, elements_in: int, elements_out: int, operations: int | None = None) -> NDArray[np.float64]:
    """Cost of an operation of its own without weights: addition, pool, shuffle, activation.

    Args:
        elements_in: Elements read, over all inputs.
        elements_out: Elements written.
        operations: Elements computed, when more than are written.

    Shapes:
        returns: `q`.
    """
    return _amounts(
        traffic=elements_in + elements_out,
        launches=1,
        elementwise=elements_out if operations is None else operations,
    )


def fused_activation(elements: int) -> NDArray[np.float64]:
    """Cost of an activation that runs in the kernel of the layer before it: `q`."""
    return _amounts(elementwise=elements)


def _amounts(**given: float) -> NDArray[np.float64]:
    return np.array([given.get(quantity, 0.0) for quantity in QUANTITIES], dtype=np.float64)
