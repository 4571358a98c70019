"""Checks an ONNX file before an engine reads it: its content, and the memory that its inputs take."""

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.input_memory import check_input_memory
from edgeprof_agent.models.onnx_signature import signature_of
from edgeprof_proto.shared.onnx_graph import parse_model
from edgeprof_proto.shared.onnx_walk import ModelContentError, check_content


def check_onnx(content: memoryview, *, memory_bytes: int, batch_size: int) -> None:
    """Refuse a file that no runtime should see.

    Args:
        content: The whole file.
        memory_bytes: Memory that the worker may take.
        batch_size: Size of the dimensions that the model leaves open.

    Raises:
        ModelRefusedError: If it is no ONNX model, keeps data in other files, needs operators from a library or another
            file, takes inputs that do not fit into memory, or is built to exhaust who reads it.
    """
    try:
        check_content(content)
        inputs = parse_model(content).graph.fed_inputs()
    except ModelContentError as error:
        raise ModelRefusedError(str(error)) from error
    check_input_memory(signature_of(inputs), memory_bytes=memory_bytes, batch_size=batch_size)
