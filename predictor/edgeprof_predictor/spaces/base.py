"""The interface of all search spaces whose architectures are networks.

`CategoricalSpace` knows decisions and is enough for a predictor; `SearchSpace` adds the network
behind an architecture. A space of your own needs a name, its option counts, the shapes of input and
output, and `build_network`. Everything else has a default: a notation of integers joined by commas,
no known costs, nothing to prune. `contract.SearchSpaceContract` holds the tests that it must pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from edgeprof_predictor.spaces.architecture import Architecture
from edgeprof_predictor.spaces.categorical import CategoricalSpace

if TYPE_CHECKING:
    from torch import nn


class SearchSpace(CategoricalSpace, ABC):
    """A search space whose architectures are networks.

    Args:
        name: Name of the space, as bundles and profiles record it.
        choice_counts: Options of each decision.
        input_shape: Channels, height and width of one image.
        output_shape: Shape of the output for one image; mostly classes.
        size: Architectures, where not all choices go together (`is_valid`).
    """

    def __init__(
        self,
        name: str,
        choice_counts: Sequence[int],
        *,
        input_shape: tuple[int, int, int],
        output_shape: tuple[int, ...],
        size: int | None = None,
    ) -> None:
        super().__init__(name, choice_counts, size=size)
        self.input_shape: Final = input_shape
        self.output_shape: Final = output_shape

    def build(self, architecture: Architecture, *, seed: int = 0) -> nn.Module:
        """Build the network of an architecture, ready for inference.

        Args:
            architecture: One of this space.
            seed: The same seed gives the same weights; torch's own generator stays as it is.

        Shapes:
            the network: `b x input_shape` to `b x output_shape`, float32.

        Raises:
            ArchitectureError: If the architecture is not of this space.
        """
        import torch  # a second of import that only building needs

        self.check(architecture)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return self.build_network(architecture).eval()

    @abstractmethod
    def build_network(self, architecture: Architecture) -> nn.Module:
        """Return the network of a checked architecture, weights from torch's generator."""
