"""Checks a model's file before a runtime reads it, inside the confined worker."""

from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.onnx_file import check_onnx
from edgeprof_proto.shared.model_formats import ONNX, ModelFormatError, format_of
from edgeprof_proto.shared.onnx_walk import MAX_MODEL_BYTES
from edgeprof_proto.shared.plain_file import map_plain_file


def check_model_file(path: Path, model_formats: Sequence[str], *, memory_bytes: int, batch_size: int) -> None:
    """Refuse a file that a runtime must not read.

    Args:
        path: The model's file.
        model_formats: Formats that the runtime reads; empty where it does not tell, for which any file passes.
        memory_bytes: Memory that the worker may take.
        batch_size: Size of the dimensions that the model leaves open.

    Raises:
        ModelRefusedError: If it has none of the formats, or holds what its format rules out.
    """
    if not model_formats:
        return
    try:
        content = map_plain_file(path, max_bytes=MAX_MODEL_BYTES)
        found = format_of(content, model_formats)
    except OSError as error:
        raise ModelRefusedError(f"the model's file cannot be read: {error.strerror}") from error
    except ModelFormatError as error:
        raise ModelRefusedError(str(error)) from error
    if found == ONNX:
        check_onnx(content, memory_bytes=memory_bytes, batch_size=batch_size)
