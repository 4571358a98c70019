"""Checks a model's files before a runtime reads them, inside the confined worker."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats import MODEL_FORMATS
from edgeprof_agent.models.formats.base import ModelContent
from edgeprof_agent.models.signature import InputSignature
from edgeprof_proto.shared.model_formats import ModelFormatError, format_of
from edgeprof_proto.shared.onnx_walk import MAX_MODEL_BYTES
from edgeprof_proto.shared.plain_file import map_plain_file


def check_model_file(
    path: Path,
    model_formats: Sequence[str],
    *,
    memory_bytes: int,
    batch_size: int,
    others: Mapping[str, Path] = MappingProxyType({}),
    inputs: tuple[InputSignature, ...] = (),
) -> None:
    """Refuse a model that a runtime must not read.

    Args:
        path: The model's main file.
        model_formats: Formats that the runtime reads; empty where it does not tell.
        memory_bytes: Memory that the worker may take.
        batch_size: Size of the dimensions that the model leaves open.
        others: The other files of the model, by name.
        inputs: Inputs that the manifest of the model tells of.

    Raises:
        ModelRefusedError: If it has none of the formats, holds what its format rules out, or is an archive or native
            code, which no runtime is given, whatever it reads.
    """
    try:
        content = map_plain_file(path, max_bytes=MAX_MODEL_BYTES)
        other_sizes = {name: other.stat().st_size for name, other in others.items()}
        found = format_of(content, model_formats)
    except OSError as error:
        raise ModelRefusedError(f"the model's file cannot be read: {error.strerror}") from error
    except ModelFormatError as error:
        raise ModelRefusedError(str(error)) from error
    if found is not None:
        model = ModelContent(content, other_sizes, inputs)
        MODEL_FORMATS[found].check(model, memory_bytes=memory_bytes, batch_size=batch_size)
