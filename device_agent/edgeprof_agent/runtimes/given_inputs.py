"""Shapes and values that the host gives for the inputs of a model, in place of those that would be generated."""

import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from edgeprof_agent.errors import SettingNotSupportedError
from edgeprof_agent.models.signature import InputSignature
from edgeprof_proto.records.job_spec import MAX_INPUT_COUNT

if TYPE_CHECKING:
    import numpy

_GENERATED_BYTES = 16
"""Memory of an element while inputs are generated at most, beside other inputs."""


class GivenInputs:
    """What the host gives.

    Args:
        shapes: Shapes by the names of inputs, and sizes by the names of open dimensions, one each.
        archive: An archive of NumPy (.npz) with the values of inputs by their names; None to generate every input.
    """

    def __init__(self, shapes: Mapping[str, Sequence[int]] = MappingProxyType({}), archive: Path | None = None) -> None:
        self.shapes = shapes
        self.archive = archive
        self.is_used = False
        """Whether a runtime has asked for the values and shapes."""

    def __bool__(self) -> bool:
        return bool(self.shapes) or self.archive is not None

    def check_memory(self, memory_bytes: int) -> None:
        """Check that shapes and values fit into memory, before anything of them is made or read.

        Args:
            memory_bytes: Memory that the worker may take.

        Raises:
            SettingNotSupportedError: If they do not, or the archive is none.
        """
        needed = sum(math.prod(shape) * _GENERATED_BYTES for shape in self.shapes.values())
        if self.archive is not None:
            try:
                with zipfile.ZipFile(self.archive) as file:
                    parts = file.infolist()
            except (zipfile.BadZipFile, OSError, ValueError) as error:
                raise SettingNotSupportedError(f"the inputs are no archive of NumPy (.npz): {error}") from error
            if len(parts) > MAX_INPUT_COUNT:
                raise SettingNotSupportedError(f"the archive has {len(parts)} inputs, at most {MAX_INPUT_COUNT} count")
            needed += 2 * sum(part.file_size for part in parts)
        if needed > memory_bytes:
            raise SettingNotSupportedError(
                f"the inputs that were given need {needed} bytes, a worker on this device may take {memory_bytes}; "
                "give smaller ones, or raise EDGEPROF_AGENT_WORKER_MEMORY_BYTES on the device"
            )

    def read_values(self, inputs: Sequence[InputSignature]) -> dict[str, "numpy.ndarray[Any, Any]"]:
        """Read the values that are given, each in the type of its input.

        Args:
            inputs: What the model takes.

        Raises:
            SettingNotSupportedError: If the archive cannot be read, or holds what the model does not take.
        """
        self.is_used = True
        if self.archive is None:
            return {}
        import numpy

        types = {value.name: value.element_type for value in inputs}
        try:
            with numpy.load(self.archive, allow_pickle=False) as archive:
                found = {name: archive[name] for name in archive.files}
        except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
            message = f"the inputs are no archive of NumPy (.npz) with arrays of numbers: {error}"
            raise SettingNotSupportedError(message) from error
        if unknown := sorted(found.keys() - types.keys()):
            raise SettingNotSupportedError(
                f"the archive holds {unknown[0]!r}, which is no input of the model; its inputs are: "
                f"{', '.join(map(repr, list(types)[:8]))}"
            )
        return {name: _typed(name, values, types[name]) for name, values in found.items()}

    def shapes_with(self, values: Mapping[str, "numpy.ndarray[Any, Any]"]) -> dict[str, Sequence[int]]:
        """Return the given shapes with those of given values.

        Args:
            values: The values that are given.

        Raises:
            SettingNotSupportedError: If the two contradict each other.
        """
        shapes: dict[str, Sequence[int]] = dict(self.shapes)
        for name, array in values.items():
            if tuple(shapes.setdefault(name, array.shape)) != array.shape:
                raise SettingNotSupportedError(
                    f"the shape {'x'.join(map(str, shapes[name]))} was given for input {name!r}, and values of shape "
                    f"{'x'.join(map(str, array.shape))}; give one of the two"
                )
        return shapes


def _typed(name: str, values: "numpy.ndarray[Any, Any]", element_type: str) -> "numpy.ndarray[Any, Any]":
    import numpy

    typed: Any = None
    try:
        typed = numpy.ascontiguousarray(values, dtype=element_type).reshape(values.shape)
        is_same = values.dtype.kind in "biuf" and numpy.can_cast(values.dtype, typed.dtype, "same_kind")
    except (TypeError, ValueError):
        is_same = False
    # A narrower float rounds its values; an integer must keep them.
    if not is_same or (values.dtype.kind in "biu" and not numpy.array_equal(typed, values)):
        raise SettingNotSupportedError(
            f"the values given for input {name!r} are {values.dtype}, which do not fit its type, {element_type}"
        )
    found: numpy.ndarray[Any, Any] = typed
    return found
