"""Mutations of serialised and of parsed protobuf messages. They do not depend on the meaning of a message."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

HOSTILE_INTEGERS = (0, 1, -1, 2, 127, 128, 1000, 1001, 2**15, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63))
HOSTILE_FLOATS = (0.0, -0.0, -1.0, 5e-324, 1e-300, 1e300, float("inf"), float("-inf"), float("nan"))
HOSTILE_TEXTS = (
    *("", " ", "\0", "a", "-1", "0", "1e9", "NaN", "null", "..", "../../../etc/passwd", "/dev/zero", "%s%n", "'; --"),
    *("\u0663", "\u00b2", "\uff19" * 20, "9" * 30, "9" * 5000, "\u202e\U0001f4a5", "\ufeff", "\n\r\x1b[2J", '{}[]"\\'),
    *("a" * 129, "a" * 100_000, "A" * 64, "f" * 64, "g" * 64),
)
INTEGER_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}
HUGE_BYTES = 300_000
NESTING_DEPTH = 200


def mutate_bytes(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """Damage a serialised message one to four times.

    Args:
        data: The message.
        others: Messages to take pieces from; at least one.
        random_: Makes every choice.
    """
    for _ in range(random_.randint(1, 4)):
        data = random_.choice(_BYTE_MUTATIONS)(data, random_.choice(others), random_)
    return data


def mutate_fields(message: Message, random_: random.Random) -> None:
    """Give one to three fields of a message, or of a message inside, a hostile value of the right type.

    Args:
        message: Changed in place.
        random_: Makes every choice.
    """
    for _ in range(random_.randint(1, 3)):
        holder = _random_holder(message, random_)
        fields = holder.DESCRIPTOR.fields
        if fields:
            _spoil(holder, random_.choice(fields), random_)


def fields_under(message: Message) -> list[tuple[Message, Any]]:
    """Return every field that is set in a message or a message inside, each with the message that holds it."""
    found: list[tuple[Message, Any]] = []
    for field, value in message.ListFields():
        found.append((message, field))
        if field.message_type is not None and not _is_map(field):
            for item in value if field.is_repeated else (value,):
                found += fields_under(item)
    return found


def _random_holder(message: Message, random_: random.Random) -> Message:
    while True:
        inner = [
            (field, value)
            for field, value in message.ListFields()
            if field.message_type is not None and not _is_map(field)
        ]
        if not inner or random_.random() < 0.3:
            return message
        field, value = random_.choice(inner)
        message = random_.choice(value) if field.is_repeated else value


def _spoil(holder: Message, field: Any, random_: random.Random) -> None:
    if random_.random() < 0.15:
        holder.ClearField(field.name)
    elif _is_map(field):
        _spoil_map(holder, field, random_)
    elif field.message_type is not None:
        _spoil_message(holder, field, random_)
    elif field.is_repeated:
        values = getattr(holder, field.name)
        values.extend(_hostile_value(field, random_) for _ in range(random_.choice((1, 2, 500))))
        if random_.random() < 0.5:
            random_.shuffle(values)
    else:
        setattr(holder, field.name, _hostile_value(field, random_))


def _spoil_map(holder: Message, field: Any, random_: random.Random) -> None:
    key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
    for _ in range(random_.choice((1, 2, 500))):
        if value.message_type is None:
            getattr(holder, field.name)[_hostile_value(key, random_)] = _hostile_value(value, random_)


def _spoil_message(holder: Message, field: Any, random_: random.Random) -> None:
    if not field.is_repeated:
        getattr(holder, field.name).SetInParent()
        return
    items = getattr(holder, field.name)
    if items and random_.random() < 0.5:
        del items[random_.randrange(len(items))]
    elif items:
        copy = type(items[0])()
        copy.CopyFrom(random_.choice(items))
        items.append(copy)
    else:
        items.add()


def _hostile_value(field: Any, random_: random.Random) -> Any:
    if field.cpp_type in INTEGER_RANGES:
        lowest, highest = INTEGER_RANGES[field.cpp_type]
        value = random_.choice((*HOSTILE_INTEGERS, random_.randint(lowest, highest)))
        if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM and field.enum_type.is_closed:
            value = random_.choice(field.enum_type.values).number
        return min(max(value, lowest), highest)
    if field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return random_.choice(HOSTILE_FLOATS)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return random_.random() < 0.5
    text = random_.choice(HOSTILE_TEXTS)
    return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text


def _is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _flip_bit(data: bytes, _: bytes, random_: random.Random) -> bytes:
    if not data:
        return bytes((random_.randrange(256),))
    position = random_.randrange(len(data))
    return _replaced(data, position, 1, bytes((data[position] ^ 1 << random_.randrange(8),)))


def _set_byte(data: bytes, _: bytes, random_: random.Random) -> bytes:
    return _replaced(data, random_.randrange(len(data) + 1), 1, random_.choice((b"\0", b"\x7f", b"\x80", b"\xff")))


def _change_length(data: bytes, _: bytes, random_: random.Random) -> bytes:
    if not data:
        return data
    position = random_.randrange(len(data))
    return _replaced(data, position, 1, bytes(((data[position] + random_.choice((-2, -1, 1, 2, 64))) % 256,)))


def _truncate(data: bytes, _: bytes, random_: random.Random) -> bytes:
    return data[: random_.randrange(len(data) + 1)]


def _delete(data: bytes, _: bytes, random_: random.Random) -> bytes:
    return _replaced(data, random_.randrange(len(data) + 1), random_.randint(1, 8), b"")


def _insert(data: bytes, _: bytes, random_: random.Random) -> bytes:
    return _replaced(data, random_.randrange(len(data) + 1), 0, random_.randbytes(random_.randint(1, 16)))


def _insert_huge_varint(data: bytes, _: bytes, random_: random.Random) -> bytes:
    varint = b"\xff" * random_.randint(1, 11) + random_.choice((b"\x01", b"\x7f", b""))
    return _replaced(data, random_.randrange(len(data) + 1), random_.randint(0, 2), varint)


def _splice(data: bytes, other: bytes, random_: random.Random) -> bytes:
    return data[: random_.randrange(len(data) + 1)] + other[random_.randrange(len(other) + 1) :]


def _repeat(data: bytes, _: bytes, random_: random.Random) -> bytes:
    start = random_.randrange(len(data) + 1)
    return data + data[start : start + 64] * random_.randint(1, 50)


def _add_huge_field(data: bytes, _: bytes, random_: random.Random) -> bytes:
    # One in eight is huge, so that a long run is not spent on copying.
    size = HUGE_BYTES if random_.random() < 1 / 8 else random_.randint(0, 1000)
    return data + _delimited(random_.randint(1, 12), random_.choice((b"a", b"\xff", b"\0")) * size)


def _nest(data: bytes, _: bytes, random_: random.Random) -> bytes:
    number = random_.randint(1, 12)
    for _depth in range(random_.choice((1, 2, NESTING_DEPTH))):
        data = _delimited(number, data)
    return data


_BYTE_MUTATIONS: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    *(_flip_bit, _set_byte, _change_length, _truncate, _delete, _insert),
    *(_insert_huge_varint, _splice, _repeat, _add_huge_field, _nest),
)


def _replaced(data: bytes, position: int, count: int, replacement: bytes) -> bytes:
    return data[:position] + replacement + data[position + count :]


def _delimited(field_number: int, content: bytes) -> bytes:
    return _varint(field_number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes((*encoded, value))
