"""The interface of an exporter: what writes networks in one model format.

An exporter is found by its entry point in the group `edgeprof.exporters`. Its module must be importable without the
converter: `missing` says what to install.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

INPUT_NAME = "image"
"""Name of the one input of a network of a search space, in every format that has names."""

OUTPUT_NAME = "output"

FLOAT32 = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkToExport:
    """A network of a search space with its weights, ready for inference.

    Args:
        module: The network; it takes one input.
        example: An input, `b x input_shape`, float32.
        calibration: Inputs of the same shape whose ranges of activations an integer format is scaled by.
        metadata: What the network is, by name, for formats that hold such texts.
    """

    module: nn.Module
    example: Tensor
    calibration: tuple[Tensor, ...]
    metadata: Mapping[str, str]


class Exporter(ABC):
    """Writes networks in one format. Constructed without arguments."""

    name: ClassVar[str]
    """Name of the entry point."""

    model_format: ClassVar[str]
    """Format of the files, one of `edgeprof_proto.shared.model_formats`."""

    precisions: ClassVar[tuple[str, ...]]
    """Precisions in which it writes networks."""

    suffixes: ClassVar[tuple[str, ...]]
    """Suffixes of the files of a model, the main file's first."""

    quick_precisions: ClassVar[tuple[str, ...]] = ()
    """Precisions that take at most a second and need no import beside torch: these are written in the host's own
    process, all others in a process of their own."""

    @abstractmethod
    def version(self) -> str:
        """Return the versions of everything that decides the bytes of a file: another version converts again.

        Must not import the converter. It is asked only where `missing` returns None.
        """

    @abstractmethod
    def missing(self) -> str | None:
        """Say what has to be installed on this host before networks can be exported, in one sentence.

        Must not import the converter.

        Returns:
            None where nothing is missing.
        """

    @abstractmethod
    def export(self, network: NetworkToExport, folder: Path, precision: str) -> tuple[Path, ...]:
        """Write a network.

        Args:
            network: The network.
            folder: An empty folder for the files.
            precision: One of `precisions`.

        Returns:
            The files in the order of `suffixes`.
        """

    @abstractmethod
    def run(self, files: tuple[Path, ...], inputs: NDArray[np.float32]) -> NDArray[Any]:
        """Run exported files on this host, so that their output can be compared with the network's.

        Args:
            files: What `export` has written.
            inputs: One input, as `NetworkToExport.example`.

        Returns:
            The output of the model, in any type of element; integers are scaled back.
        """
