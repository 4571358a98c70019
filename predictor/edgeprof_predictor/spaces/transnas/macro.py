"""TransNAS-Bench-101 macro: 3,256 networks of four to six modules of residual blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgeprof_predictor.spaces.architecture import Architecture, FloatArray
from edgeprof_predictor.spaces.costs import QUANTITIES, StageCosts, convolution
from edgeprof_predictor.spaces.transnas.costs import (
    activated_convolution,
    addition_costs,
    encoder_costs,
    head_costs,
    stem_costs,
)
from edgeprof_predictor.spaces.transnas.geometry import (
    BLOCK_COUNT,
    MODULE_COUNT_MAX,
    MODULE_COUNT_MIN,
    MODULE_NAMES,
    NETWORK_COUNT,
    REDUCING,
    REDUCTION_MAX,
    STEM_CHANNELS,
    STEM_REDUCTION,
    WIDENING,
    WIDENING_MAX,
    Shape,
)
from edgeprof_predictor.spaces.transnas.space import TransNAS

if TYPE_CHECKING:
    from torch import nn

_NOTATION: Final = re.compile(rf"{STEM_CHANNELS[-1]}-(\d+)-basic")


class TransNASMacro(TransNAS):
    """The networks of TransNAS-Bench-101 whose modules are chosen, written `64-1234-basic`.

    A digit for each module: 1 keeps the shape, 2 doubles the channels, 3 halves the resolution, 4 does both.
    Decisions beyond the last module are 0.

    Args:
        task: One of `TASKS`.
        class_count: Number of classes; None for the published one.
        side: Height and width of an image or a tile, a multiple of 64; None for the published one.

    Raises:
        UnknownSearchSpaceError: If there is no such task.
        EncodingError: If the side is no multiple of 64, or the number of classes does not fit the task.
    """

    option_names: ClassVar[tuple[str, ...]] = MODULE_NAMES

    def __init__(self, task: str = "class_scene", *, class_count: int | None = None, side: int | None = None) -> None:
        super().__init__(
            "transnasbench101_macro",
            (len(MODULE_NAMES),) * MODULE_COUNT_MAX,
            task=task,
            class_count=class_count,
            side=side,
            size=NETWORK_COUNT,
        )
        shapes = [
            [self._shape(wider, smaller) for smaller in range(REDUCTION_MAX + 1)] for wider in range(WIDENING_MAX + 1)
        ]
        self._module_costs = np.array(
            [
                [
                    [encoder_costs(_module_costs(shape, kind), self.task) for kind in range(len(MODULE_NAMES))]
                    for shape in row
                ]
                for row in shapes
            ]
        )
        self._head_costs = np.array([[head_costs(self.task, self.task.side, shape) for shape in row] for row in shapes])

    # Text -----------------------------------------------------------------------------------------

    def example(self) -> Architecture:
        """Return the network that has one module of each kind."""
        return Architecture(space=self.name, choices=(1, 2, 3, 4, 0, 0))

    def format(self, architecture: Architecture) -> str:
        """Return the published notation: a digit for each module."""
        self.check(architecture)
        digits = "".join(str(choice) for choice in architecture.choices if choice)
        return f"{STEM_CHANNELS[-1]}-{digits}-basic"

    def parse(self, text: str) -> Architecture:
        """Return the architecture of a network in the published notation.

        Raises:
            ArchitectureError: If the text does not follow the notation, with a right example.
        """
        match = _NOTATION.fullmatch(text.strip())
        if match is None or "0" in match[1]:
            raise self.notation_error(text, "it needs 64, a digit from 1 to 4 for each module, and basic")
        return self.architecture_of_digits(text, match[1].ljust(MODULE_COUNT_MAX, "0"))

    # Numbers --------------------------------------------------------------------------------------

    def is_valid(self, choices: ArrayLike) -> NDArray[np.bool_]:
        """Tell, for `n x 6` choices, whether they are networks: without gaps, and within the limits of the space."""
        rows = self.check_choices(choices)
        count = np.count_nonzero(rows, axis=1)
        has_gap = np.any((rows[:, :-1] == 0) & (rows[:, 1:] != 0), axis=1)
        valid: NDArray[np.bool_] = (count >= MODULE_COUNT_MIN) & ~has_gap
        for kinds, most in ((WIDENING, WIDENING_MAX), (REDUCING, REDUCTION_MAX)):
            found = np.isin(rows, kinds).sum(axis=1)
            valid &= (found >= 1) & (found <= most)
        return valid

    def invalid_reason(self, architecture: Architecture) -> str:
        """Return, as a sentence for an error, which rule choices break."""
        return (
            f"choices {architecture.choices} are no network of {self.name}: it has {MODULE_COUNT_MIN} to "
            f"{MODULE_COUNT_MAX} modules and no gap; 1 to {WIDENING_MAX} of them double the channels "
            f"({' or '.join(map(str, WIDENING))}), 1 to {REDUCTION_MAX} halve the resolution "
            f"({' or '.join(map(str, REDUCING))})"
        )

    # What a predictor may know beyond the choices -------------------------------------------------

    def costs(self, choices: ArrayLike) -> StageCosts:
        """Return the physical costs of `n x 6` choices: one stage for each resolution, and the head.

        Rows that are no network have costs as well: a gap is nothing, and what goes beyond the limits on
        channels and resolution leaves those at their limit.
        """
        rows = self.check_choices(choices)
        amounts = np.zeros((len(rows), REDUCTION_MAX + 2, len(QUANTITIES)))
        wider, smaller = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
        for kinds in rows.T:
            module = self._module_costs[wider, smaller, kinds]
            wider = np.minimum(wider + np.isin(kinds, WIDENING), WIDENING_MAX)
            smaller = np.minimum(smaller + np.isin(kinds, REDUCING), REDUCTION_MAX)
            amounts[np.arange(len(rows)), smaller] += module
        amounts[:, -1] = self._head_costs[wider, smaller]
        sides = [self._shape(0, halvings).side for halvings in range(REDUCTION_MAX + 1)]
        return StageCosts(
            stages=(*(f"{side}x{side}" for side in sides), "head"),
            amounts=amounts,
            fixed=encoder_costs(stem_costs(self.task.side), self.task),
            depth=2.0 * BLOCK_COUNT * np.count_nonzero(rows, axis=1),
        )

    def build_network(self, architecture: Architecture) -> nn.Module:
        """Return stem, modules and head as one torch module."""
        from edgeprof_predictor.spaces.transnas.network import MacroNetwork

        return MacroNetwork(self.task, [kind for kind in architecture.choices if kind])

    def _shape(self, wider: int, smaller: int) -> Shape:
        """Return the shape behind so many modules that double the channels or halve the resolution."""
        side = self.task.side // STEM_REDUCTION
        return Shape(channels=STEM_CHANNELS[-1] << wider, side=side >> smaller)


def _module_costs(before: Shape, kind: int) -> FloatArray:
    """Cost of one module for one image or tile; nothing where no network has one, on a single pixel."""
    after = before.after(kind)
    costs = np.zeros(len(QUANTITIES))
    if kind == 0 or after.side == 0:
        return costs
    for start in (before, *[after] * (BLOCK_COUNT - 1)):
        costs += activated_convolution(start, after, kernel=3) + activated_convolution(after, after, kernel=3)
        costs += addition_costs(after)
        if start != after:
            costs += convolution(
                side=start.side,
                channels_in=start.channels,
                channels_out=after.channels,
                stride=start.side // after.side,
            )
    return costs
