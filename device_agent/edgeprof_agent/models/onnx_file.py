"""Checks an ONNX file before an engine reads it: its content, and the memory that its inputs take."""

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.input_shapes import element_count
from edgeprof_proto.shared.onnx_graph import DeclaredValue, parse_model
from edgeprof_proto.shared.onnx_walk import ModelContentError, check_content

_ELEMENT_BYTES = {
    1: 4,
    2: 1,
    3: 1,
    4: 2,
    5: 2,
    6: 4,
    7: 8,
    8: 16,
    9: 1,
    10: 2,
    11: 8,
    12: 4,
    13: 8,
    14: 8,
    15: 16,
    16: 2,
}
"""Bytes of an element by the number of its type."""

_GENERATED_BYTES = 8
"""What an element of an input takes while inputs are generated, beside the input itself."""


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
    needed = sum(_input_bytes(value, batch_size) for value in inputs)
    if needed > memory_bytes:
        raise ModelRefusedError(
            f"the model's inputs need {needed} bytes, a worker on this device may take {memory_bytes}; measure a "
            "smaller input or batch, or raise EDGEPROF_AGENT_WORKER_MEMORY_BYTES on the device"
        )


def _input_bytes(value: DeclaredValue, batch_size: int) -> int:
    return element_count(value, batch_size) * (_ELEMENT_BYTES.get(value.element_type, 1) + _GENERATED_BYTES)
