"""Measured networks of a file, made when they are looked at: a prediction needs what was learned from them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import overload

from edgeprof_predictor.operators.networks import MeasuredNetwork


class NetworksOnDemand(Sequence[MeasuredNetwork]):
    """Measured networks that are made when the first of them is looked at.

    Args:
        make: Makes them.
    """

    def __init__(self, make: Callable[[], Iterable[MeasuredNetwork]]) -> None:
        self._make = make

    @cached_property
    def _networks(self) -> tuple[MeasuredNetwork, ...]:
        return tuple(self._make())

    def __len__(self) -> int:
        return len(self._networks)

    def __iter__(self) -> Iterator[MeasuredNetwork]:
        return iter(self._networks)

    @overload
    def __getitem__(self, index: int) -> MeasuredNetwork: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[MeasuredNetwork]: ...

    def __getitem__(self, index: int | slice) -> MeasuredNetwork | Sequence[MeasuredNetwork]:
        return self._networks[index]
