"""Records to JSON and back, for every frozen dataclass of `records/`."""

import dataclasses
import enum
import functools
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from edgeprof_proto.records.packed_runs import PackedRuns
from edgeprof_proto.records.validation import RecordError

_Record = TypeVar("_Record")

_PLAIN_TYPES = frozenset({str, int, float, bool, type(None)})


def to_json(record: Any) -> Any:
    """Convert a record to values that `json.dumps` accepts.

    Args:
        record: An instance of a record class, or a value of one of its fields.

    Returns:
        A dict from field name to value for a record; tuples become lists, enumerations their values,
        and the runs of long blocks one packed text.
    """
    if type(record) in _PLAIN_TYPES:  # most of all values
        return record
    if dataclasses.is_dataclass(record):
        record_type: Any = type(record)
        return {name: to_json(getattr(record, name)) for name in _field_names(record_type)}
    if isinstance(record, PackedRuns):
        return {"packed": record.to_text()}
    if isinstance(record, tuple):
        return [to_json(item) for item in record]
    if isinstance(record, enum.Enum):
        return record.value
    return dict(record) if isinstance(record, Mapping) else record


@functools.cache
def _field_names(record_type: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(record_type))


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
    expected: Any = record_type
    try:
        record: _Record = _decoder(expected)(value)
        return record
    except _MisfitError as misfit:
        raise RecordError(f"{record_type.__name__}{misfit.place} {misfit.reason}") from misfit.__cause__


class _MisfitError(Exception):
    """A value does not fit its type.

    Args:
        reason: What it must be, to follow its place in a sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = ""
        """Where the value is, from the record down: `.blocks.latency_ms`."""


def _require(is_valid: bool, reason: str) -> None:
    if not is_valid:
        raise _MisfitError(reason)


@functools.cache
def _decoder(expected: Any) -> Callable[[Any], Any]:
    """Return what decodes values of a type: made once for each type, since a graph holds thousands of records."""
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        decode = _decoder(arguments[0])
        return lambda value: None if value is None else decode(value)
    if dataclasses.is_dataclass(expected):
        return _RecordDecoder(expected)
    if origin is Sequence:
        decode_items = _tuple_decoder(arguments[0])
        return lambda value: _packed(value) if _is_packed(value) else decode_items(value)
    if origin is tuple:
        return _tuple_decoder(arguments[0])
    if isinstance(expected, type) and issubclass(expected, enum.Enum):
        return functools.partial(_decode_member, expected)
    if origin is not None:  # the only one left: a mapping of text to text
        return _decode_texts
    return _decode_float if expected is float else functools.partial(_decode_plain, expected)


def _tuple_decoder(item_type: Any) -> Callable[[Any], Any]:
    return functools.partial(_decode_tuple, item_type, _decoder(item_type))


def _decode_tuple(item_type: Any, decode: Callable[[Any], Any], value: Any) -> tuple[Any, ...]:
    _require(isinstance(value, list), f"must be a list, got {type(value).__name__}")
    # Samples of a block and sizes of tensors are many.
    if item_type in (float, int, str) and all(type(item) is item_type for item in value):
        return tuple(value)
    return tuple(map(decode, value))


def _decode_member(expected: type[enum.Enum], value: Any) -> enum.Enum:
    known = [member.value for member in expected]
    _require(value in known, f"must be one of {', '.join(known)}, got {value!r}")
    return expected(value)


def _decode_texts(value: Any) -> Any:
    is_mapping = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    _require(is_mapping, f"must map text to text, got {value!r}")
    return value


def _decode_float(value: Any) -> Any:
    return float(value) if type(value) is int else _decode_plain(float, value)


def _decode_plain(expected: type, value: Any) -> Any:
    if type(value) is not expected:
        raise _MisfitError(f"must be {expected.__name__}, got {value!r}")
    return value


def _is_packed(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"packed"}


def _packed(value: Mapping[str, Any]) -> PackedRuns:
    text = value["packed"]
    _require(isinstance(text, str), f"must be packed as text, got {type(text).__name__}")
    try:
        return PackedRuns.from_text(text)
    except ValueError as error:
        raise _MisfitError(f"is damaged: {error}") from error


class _RecordDecoder:
    """Decodes records of one class.

    Args:
        record_type: The class.
    """

    def __init__(self, record_type: Any) -> None:
        hints = get_type_hints(record_type)
        fields = dataclasses.fields(record_type)
        self._record_type = record_type
        self._decoders = {field.name: _decoder(hints[field.name]) for field in fields}
        self._required = frozenset(field.name for field in fields if _is_required(field))

    def __call__(self, value: Any) -> Any:
        _require(isinstance(value, dict), f"must be an object, got {type(value).__name__}")
        if unknown := sorted(value.keys() - self._decoders.keys()):
            raise _MisfitError(f"has no field {', '.join(unknown)}")
        if missing := [name for name in self._decoders if name in self._required and name not in value]:
            raise _MisfitError(f"lacks {', '.join(missing)}")
        decoded = {}
        for name, item in value.items():
            try:
                decoded[name] = self._decoders[name](item)
            except _MisfitError as misfit:
                misfit.place = f".{name}{misfit.place}"
                raise
        return self._record_type(**decoded)


def _is_required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
