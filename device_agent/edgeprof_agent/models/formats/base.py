"""A format of models: what is checked of a model before an engine sees it."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from edgeprof_agent.models.signature import InputSignature


@dataclasses.dataclass(frozen=True, slots=True)
class ModelContent:
    """The files of a model.

    Args:
        main: Content of the main file.
        other_sizes: Size in bytes of each other file by its name.
        inputs: Inputs that the manifest of a model of several files tells of.
    """

    main: memoryview
    other_sizes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    inputs: tuple[InputSignature, ...] = ()


class ModelFormat(ABC):
    """A format of models. A check is bounded in time and memory, whatever the files hold."""

    name: ClassVar[str]
    """Name of the format in the contract."""

    @abstractmethod
    def check(self, model: ModelContent, *, memory_bytes: int, batch_size: int) -> None:
        """Refuse a model that no engine should see.

        Args:
            model: The files.
            memory_bytes: Memory that the worker may take.
            batch_size: Size of the dimensions that the model leaves open.

        Raises:
            ModelRefusedError: If it is damaged, needs files that are not there, takes inputs that do not fit into
                memory, or is built to exhaust or mislead who reads it.
        """
