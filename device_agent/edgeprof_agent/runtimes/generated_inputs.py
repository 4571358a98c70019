"""Inputs that are generated for a model: by type, shape, and what the model does with their values.

Floating-point values are from the standard normal distribution. Integers and truth values are 0 or 1, each as likely.
Where the values of an input index a table, they are whole numbers from 0 to its last row, whatever the type: a table of
one row is read at row 0, and a large one all over, as with real ids. Where they are sizes or counts, they are 1; of a
shape the first size is -1, the one that follows from the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from edgeprof_agent.errors import ModelRejectedError
from edgeprof_agent.models.input_shapes import concrete_shapes
from edgeprof_agent.models.input_use import InputUse, trace_inputs
from edgeprof_agent.models.onnx_signature import signature_of
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.given_inputs import GivenInputs
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.job_spec import MAX_INPUT_COUNT, MAX_INPUT_NAME
from edgeprof_proto.shared.onnx_graph import Model

if TYPE_CHECKING:
    import numpy

Feeds = dict[str, "numpy.ndarray[Any, Any]"]

FLOAT_TYPES = frozenset({"float16", "float32", "float64"})

INTEGER_TYPES = frozenset({"bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"})

_HIGHEST = {"bool": 1, "uint8": 2**8 - 1, "int8": 2**7 - 1, "uint16": 2**16 - 1, "int16": 2**15 - 1}
_HIGHEST |= {"int32": 2**31 - 1, "uint32": 2**32 - 1, "float16": 2**11, "float32": 2**24}
"""Highest index that a type can hold, where a table can have more rows."""


_REST = -1
"""The size of a shape that follows from the others."""


def generate_inputs(
    model: Model | Sequence[InputSignature],
    batch_size: int,
    seed: int,
    *,
    given: GivenInputs | None = None,
    uses: Mapping[str, InputUse] = MappingProxyType({}),
) -> tuple[Feeds, tuple[GeneratedInput, ...]]:
    """Generate the inputs of a model.

    Args:
        model: What the model takes; or an ONNX model, whose inputs then follow from what it does with their values.
        batch_size: The batch size of the setting; see `input_shapes` for the inputs that it belongs to.
        seed: Equal seeds give equal inputs.
        given: Shapes and values that the host gives: pass on `Runtime.given_inputs`.
        uses: What a model that is no ONNX model does with the values of its inputs, by their names.

    Returns:
        One array for each input, and what was generated or given.

    Raises:
        ModelRejectedError: If the size of an input is not known, or it holds no numbers that NumPy has.
        SettingNotSupportedError: If the model fixes its batch to another size, or what is given does not fit it.
    """
    import numpy

    signature = signature_of(model.graph.fed_inputs()) if isinstance(model, Model) else tuple(model)
    for value in signature:
        _require_numbers(value)
    uses = trace_inputs(model, batch_size) if isinstance(model, Model) else uses
    given = given or GivenInputs()
    values_given = given.read_values(signature)
    shapes = concrete_shapes(signature, batch_size, given.shapes_with(values_given))
    generator = numpy.random.default_rng(seed % 2**64)
    feeds: Feeds = {}
    told = []
    for value, shape in zip(signature, shapes, strict=True):
        kind = _describe(value, shape, uses.get(value.name, InputUse(value.row_count)))
        if value.name in values_given:
            feeds[value.name] = values_given[value.name]
            told.append(_as_given(kind, feeds[value.name]))
            continue
        values: Any
        if kind.highest_value is None or kind.lowest_value is None:
            values = generator.standard_normal(shape)
        elif kind.lowest_value == _REST:
            values = numpy.array([_REST, *[1] * (shape[0] - 1)])
        else:
            values = generator.integers(kind.lowest_value, kind.highest_value, shape, endpoint=True)
        feeds[value.name] = numpy.ascontiguousarray(values, dtype=kind.element_type).reshape(shape)
        told.append(kind)
    return feeds, tuple(told[:MAX_INPUT_COUNT])


def _as_given(kind: GeneratedInput, values: "numpy.ndarray[Any, Any]") -> GeneratedInput:
    is_whole = kind.element_type not in FLOAT_TYPES and values.size > 0
    # Beyond what the contract's integers hold, the range is not told.
    lowest, highest = (int(values.min()), int(values.max())) if is_whole else (0, 0)
    is_whole = is_whole and highest < 2**63
    return replace(
        kind,
        is_given=True,
        lowest_value=lowest if is_whole else None,
        highest_value=highest if is_whole else None,
    )


def _require_numbers(value: InputSignature) -> None:
    if value.element_type in FLOAT_TYPES | INTEGER_TYPES:
        return
    kind = {"": "no tensor (a sequence, a map or an optional value)", "string": "a tensor of texts (string)"}.get(
        value.element_type, f"a tensor of {value.element_type}"
    )
    raise ModelRejectedError(
        f"input {value.name!r} is {kind}, which cannot be generated; export the model with inputs of float32, float16, "
        "float64, bool, or integers of 8 to 64 bits"
    )


def _describe(value: InputSignature, shape: tuple[int, ...], use: InputUse) -> GeneratedInput:
    highest = None if value.element_type in FLOAT_TYPES else 1
    lowest = None if highest is None else 0
    if use.row_count is not None:
        highest = min(use.row_count - 1, _HIGHEST.get(value.element_type, use.row_count))
        lowest = 0
    elif use.size_operators and value.element_type != "bool":
        is_shape = use.size_operators == ("Reshape",) and len(shape) == 1 and value.element_type in ("int32", "int64")
        lowest, highest = _REST if is_shape else 1, 1
    return GeneratedInput(
        name=value.name[:MAX_INPUT_NAME],
        element_type=value.element_type,
        sizes=shape,
        lowest_value=lowest,
        highest_value=highest,
        deciding_operators=use.deciding_operators,
    )
