"""Checks that the inputs of a model fit into a worker's memory, whatever the format of the model."""

from collections.abc import Iterable

from edgeprof_agent.errors import ModelRefusedError
from edgeprof_agent.models.input_shapes import element_count
from edgeprof_agent.models.signature import InputSignature

_ELEMENT_BYTES = {
    **dict.fromkeys(("uint16", "int16", "float16", "bfloat16"), 2),
    **dict.fromkeys(("float32", "int32", "uint32"), 4),
    **dict.fromkeys(("float64", "int64", "uint64", "complex64"), 8),
    "complex128": 16,
}
"""Bytes of an element by the name of its type; 1 for all others."""

_GENERATED_BYTES = 8
"""What an element of an input takes while inputs are generated, beside the input itself."""


def check_input_memory(inputs: Iterable[InputSignature], *, memory_bytes: int, batch_size: int) -> None:
    """Refuse a model whose inputs do not fit into memory.

    Args:
        inputs: What a run must be given.
        memory_bytes: Memory that the worker may take.
        batch_size: Size of the dimensions that the model leaves open.

    Raises:
        ModelRefusedError: If they do not fit.
    """
    needed = sum(
        element_count(value, batch_size) * (_ELEMENT_BYTES.get(value.element_type, 1) + _GENERATED_BYTES)
        for value in inputs
    )
    if needed > memory_bytes:
        raise ModelRefusedError(
            f"the model's inputs need {needed} bytes, a worker on this device may take {memory_bytes}; measure a "
            "smaller input or batch, or raise EDGEPROF_AGENT_WORKER_MEMORY_BYTES on the device"
        )
