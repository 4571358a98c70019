"""The inputs of an ONNX model as a signature that does not depend on the format."""

from collections.abc import Iterable

from edgeprof_agent.models.signature import InputSignature
from edgeprof_proto.shared.onnx_graph import DeclaredValue

ELEMENT_TYPES = {
    **{0: "", 1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string"},
    **{9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128"},
    **{16: "bfloat16", 17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz"},
    **{21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2"},
}
"""Name of an element's type by its number in `TensorProto.DataType`; 0 is no tensor."""


def signature_of(inputs: Iterable[DeclaredValue]) -> tuple[InputSignature, ...]:
    """Return what an ONNX graph takes.

    Args:
        inputs: The inputs that a run must be given.
    """
    return tuple(
        InputSignature(
            value.name, ELEMENT_TYPES.get(value.element_type, f"type {value.element_type}"), value.dimensions
        )
        for value in inputs
    )
