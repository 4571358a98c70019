"""ONNX: a protobuf message, whose data may lie in further files."""

from collections.abc import Mapping
from types import MappingProxyType

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.formats.base import ModelContent, ModelFormat
from edgeprof_agent.models.input_memory import check_input_memory
from edgeprof_agent.models.onnx_signature import signature_of
from edgeprof_proto.shared.model_formats import ONNX
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_graph import parse_model
from edgeprof_proto.shared.onnx_walk import check_content


class OnnxFormat(ModelFormat):
    """The format "onnx"."""

    name = ONNX

    def check(self, model: ModelContent, *, memory_bytes: int, batch_size: int) -> None:
        """Refuse what `check_onnx` does."""
        check_onnx(model.main, memory_bytes=memory_bytes, batch_size=batch_size, file_sizes=model.other_sizes)


def check_onnx(
    content: memoryview,
    *,
    memory_bytes: int,
    batch_size: int,
    file_sizes: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Refuse a file that no runtime should see.

    Args:
        content: The whole file.
        memory_bytes: Memory that the worker may take.
        batch_size: Size of the dimensions that the model leaves open.
        file_sizes: Size in bytes by name of each other file of the model.

    Raises:
        ModelRefusedError: If it is no ONNX model, keeps data in files that do not come with it, needs operators from a
            library or another file, takes inputs that do not fit into memory, or is built to exhaust who reads it.
    """
    try:
        check_content(content, file_sizes)
        inputs = parse_model(content).graph.fed_inputs()
    except ModelContentError as error:
        raise ModelRefusedError(str(error)) from error
    check_input_memory(signature_of(inputs), memory_bytes=memory_bytes, batch_size=batch_size)
