"""Records to JSON and back, for every frozen dataclass of `records/`."""

import dataclasses
import enum
import functools
import types
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from edgeprof_proto.records.packed_runs import PackedRuns
from edgeprof_proto.records.validation import RecordError

_Record = TypeVar("_Record")


def to_json(record: Any) -> Any:
    """Convert a record to values that `json.dumps` accepts.

    Args:
        record: An instance of a record class, or a value of one of its fields.

    Returns:
        A dict from field name to value for a record; tuples become lists, enumerations their values,
        and the runs of long blocks one packed text.
    """
    if dataclasses.is_dataclass(record):
        return {field.name: to_json(getattr(record, field.name)) for field in dataclasses.fields(record)}
    if isinstance(record, PackedRuns):
        return {"packed": record.to_text()}
    if isinstance(record, tuple):
        return [to_json(item) for item in record]
    if isinstance(record, enum.Enum):
        return record.value
    return dict(record) if isinstance(record, Mapping) else record


def from_json(record_type: type[_Record], value: Any) -> _Record:
    """Rebuild a record from the result of `to_json`.

    Args:
        record_type: The class of the record.
        value: The decoded JSON.

    Returns:
        The record, validated.

    Raises:
        RecordError: If a field is missing, unknown, of the wrong type or outside its range.
    """
    record: _Record = _decode(record_type, value, record_type.__name__)
    return record


def _require(is_valid: bool, message: str) -> None:
    if not is_valid:
        raise RecordError(message)


def _decode(expected: Any, value: Any, path: str) -> Any:
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return None if value is None else _decode(arguments[0], value, path)
    if dataclasses.is_dataclass(expected):
        return _decode_record(expected, value, path)
    if origin is Sequence:
        if isinstance(value, dict) and value.keys() == {"packed"}:
            return _decode_packed(value["packed"], path)
        origin = tuple
    if origin is tuple:
        _require(isinstance(value, list), f"{path} must be a list, got {type(value).__name__}")
        if arguments[0] is float and all(type(item) is float for item in value):
            return tuple(value)  # the samples of a block are many
        return tuple(_decode(arguments[0], item, path) for item in value)
    if isinstance(expected, type) and issubclass(expected, enum.Enum):
        known = [member.value for member in expected]
        _require(value in known, f"{path} must be one of {', '.join(known)}, got {value!r}")
        return expected(value)
    if origin is not None:  # the only one left: a mapping of text to text
        is_mapping = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        _require(is_mapping, f"{path} must map text to text, got {value!r}")
        return value
    if expected is float and type(value) is int:
        return float(value)
    _require(type(value) is expected, f"{path} must be {expected.__name__}, got {value!r}")
    return value


def _decode_packed(text: Any, path: str) -> PackedRuns:
    _require(isinstance(text, str), f"{path} must be packed as text, got {type(text).__name__}")
    try:
        return PackedRuns.from_text(text)
    except ValueError as error:
        raise RecordError(f"{path}: {error}") from error


def _decode_record(record_type: Any, value: Any, path: str) -> Any:
    _require(isinstance(value, dict), f"{path} must be an object, got {type(value).__name__}")
    hints = _field_types(record_type)
    unknown = sorted(value.keys() - hints.keys())
    _require(not unknown, f"{path} has no field {', '.join(unknown)}")
    fields = dataclasses.fields(record_type)
    missing = [field.name for field in fields if field.name not in value and _is_required(field)]
    _require(not missing, f"{path} lacks {', '.join(missing)}")
    return record_type(**{name: _decode(hints[name], item, f"{path}.{name}") for name, item in value.items()})


@functools.cache
def _field_types(record_type: Any) -> dict[str, Any]:
    return get_type_hints(record_type)


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
