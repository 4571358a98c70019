"""Inputs that are generated for a model: by type, shape, and what the model does with their values.

Floating-point values are from the standard normal distribution. Integers and truth values are 0 or 1, each as likely.
Where the values of an input index a table, they are whole numbers from 0 to its last row, whatever the type: a table of
one row is read at row 0, and a large one all over, as with real ids.
"""

from typing import TYPE_CHECKING, Any

from edgeprof_agent.errors import ModelRejectedError
from edgeprof_agent.models.input_shapes import concrete_shapes
from edgeprof_agent.models.input_use import InputUse, trace_inputs
from edgeprof_proto.records.measurement import GeneratedInput
from edgeprof_proto.shared.onnx_graph import DeclaredValue, Model

if TYPE_CHECKING:
    import numpy

Feeds = dict[str, "numpy.ndarray[Any, Any]"]

FLOAT_TYPES = {1: "float32", 10: "float16", 11: "float64"}

INTEGER_TYPES = {
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    12: "uint32",
    13: "uint64",
}

OTHER_TYPES = {
    0: "no tensor (a sequence, a map or an optional value)",
    8: "a tensor of texts (string)",
    14: "a tensor of complex64",
    15: "a tensor of complex128",
    16: "a tensor of bfloat16",
    17: "a tensor of float8e4m3fn",
    18: "a tensor of float8e4m3fnuz",
    19: "a tensor of float8e5m2",
    20: "a tensor of float8e5m2fnuz",
    21: "a tensor of uint4",
    22: "a tensor of int4",
    23: "a tensor of float4e2m1",
    24: "a tensor of float8e8m0",
    25: "a tensor of uint2",
    26: "a tensor of int2",
}
"""Types by their number in ONNX, which NumPy has not, or which hold no numbers."""

_HIGHEST = {"bool": 1, "uint8": 2**8 - 1, "int8": 2**7 - 1, "uint16": 2**16 - 1, "int16": 2**15 - 1}
_HIGHEST |= {"int32": 2**31 - 1, "uint32": 2**32 - 1, "float16": 2**11, "float32": 2**24}
"""Highest index that a type can hold, where a table can have more rows."""

TOLD_INPUT_COUNT = 256
"""Inputs that a measurement tells at most."""


def generate_inputs(model: Model, batch_size: int, seed: int) -> tuple[Feeds, tuple[GeneratedInput, ...]]:
    """Generate the inputs of a model.

    Args:
        model: The model.
        batch_size: The batch size of the setting; see `input_shapes` for the inputs that it belongs to.
        seed: Equal seeds give equal inputs.

    Returns:
        One array for each input, and what was generated.

    Raises:
        ModelRejectedError: If the size of an input is not known, or it holds no numbers that NumPy has.
        SettingNotSupportedError: If the model fixes its batch to another size.
    """
    import numpy

    declared = model.graph.fed_inputs()
    element_types = [_element_type(value) for value in declared]
    uses = trace_inputs(model, batch_size)
    shapes = concrete_shapes(declared, batch_size)
    generator = numpy.random.default_rng(seed % 2**64)
    feeds: Feeds = {}
    told = []
    for value, element_type, shape in zip(declared, element_types, shapes, strict=True):
        kind = _describe(value.name, element_type, shape, uses[value.name])
        values: Any
        if kind.highest_value is None:
            values = generator.standard_normal(shape)
        else:
            values = generator.integers(0, kind.highest_value, shape, endpoint=True)
        feeds[value.name] = numpy.ascontiguousarray(values, dtype=kind.element_type).reshape(shape)
        told.append(kind)
    return feeds, tuple(told[:TOLD_INPUT_COUNT])


def _element_type(value: DeclaredValue) -> str:
    element_type = FLOAT_TYPES.get(value.element_type) or INTEGER_TYPES.get(value.element_type)
    if element_type is None:
        kind = OTHER_TYPES.get(value.element_type, f"a tensor of a type of number {value.element_type}")
        raise ModelRejectedError(
            f"input {value.name!r} is {kind}, which cannot be generated; export the model with inputs of float32, "
            "float16, float64, bool, or integers of 8 to 64 bits"
        )
    return element_type


def _describe(name: str, element_type: str, shape: tuple[int, ...], use: InputUse) -> GeneratedInput:
    highest = None if element_type in FLOAT_TYPES.values() else 1
    if use.row_count is not None:
        highest = min(use.row_count - 1, _HIGHEST.get(element_type, use.row_count))
    return GeneratedInput(
        name=name[:200],
        element_type=element_type,
        sizes=shape,
        lowest_value=None if highest is None else 0,
        highest_value=highest,
        deciding_operators=use.deciding_operators,
    )
