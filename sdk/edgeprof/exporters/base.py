"""The interface of an exporter: what writes networks in one model format.

An exporter is found by its entry point in the group `edgeprof.exporters`. Its module must be importable without the
converter: `missing` says what to install.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor, nn

INPUT_NAME = "image"
"""Name of the one input of a network of a search space."""

OUTPUT_NAME = "output"

FLOAT32 = "float32"


@functools.cache
def version_of(package: str) -> str:
    """Return the version of an installed package, read once: reading takes milliseconds, and every conversion asks.

    Args:
        package: Its name.
    """
    from importlib import metadata  # takes 50 ms, which only an export needs

    return metadata.version(package)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkToExport:
    """A network with its weights, ready for inference: of a search space, or a user's.

    Args:
        module: The network. It takes its inputs by position, and returns a tensor or a tuple of tensors.
        inputs: An input of each kind by its name, in the order in which the module takes them. Floating-point ones are
            float32.
        calibration: Inputs of the same names, types and shapes whose ranges of activations an integer format is scaled
            by.
        metadata: What the network is, by name, for formats that hold such texts.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    calibration: tuple[Mapping[str, Tensor], ...]
    metadata: Mapping[str, str]

    def outputs(self) -> tuple[NDArray[Any], ...]:
        """Return what the module computes of the inputs."""
        import torch

        with torch.no_grad():
            found = self.module(*self.inputs.values())
        return tuple(item.numpy() for item in (found if isinstance(found, tuple) else (found,)))

    def input_values(self) -> dict[str, NDArray[Any]]:
        """Return the inputs as arrays."""
        return {name: value.numpy() for name, value in self.inputs.items()}


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
    def run(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> tuple[NDArray[Any], ...]:
        """Run exported files on this host, so that their outputs can be compared with the network's.

        Args:
            files: What `export` has written.
            inputs: Values of all inputs by their names, as `NetworkToExport.input_values` returns them.

        Returns:
            The outputs of the model in the order of the module's, in any type of element; integers are scaled back.
        """

    def file_inputs(self, files: tuple[Path, ...], inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return inputs as exported files take them: by their names, in their types and shapes there.

        Args:
            files: What `export` has written.
            inputs: Values of all inputs, as for `run`. Those that the files do not have are left out.
        """
        return dict(inputs)
