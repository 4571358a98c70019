"""Expressions in the text of an ncnn model, such as `6="0w,//(1h,2),-1"`: sizes that follow from those of blobs.

The engine evaluates them on a stack without checking that an operator has its operands, so they are read strictly.
Source: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure
"""

import re

EXPRESSION_KEYS = {"Reshape": (6,), "Interp": (9,)}
"""Keys whose value may be an expression, by type of layer."""

_LENGTH_LIMIT = 250
_COUNT_LIMIT = 5
_DEPTH_LIMIT = 16

_OPERAND_COUNTS = {
    **dict.fromkeys(("+", "-", "*", "/", "//", "max", "min"), 2),
    **dict.fromkeys(("abs", "neg", "sign", "trunc", "ceil", "floor", "round"), 1),
}

_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?([eE][+-]?[0-9]{1,2})?(?=[,)]|$)")
_SIZE_OF_BLOB = re.compile(r"([0-9])[whdcn](?=[,)]|$)")
_OPERATOR = re.compile(r"([a-z]+|//|[-+*/])\(")


def check_expression(text: str, blob_count: int) -> None:
    """Check a list of expressions.

    Args:
        text: The list, without its quotation marks.
        blob_count: Blobs that the layer reads.

    Raises:
        ValueError: If it is not written as the engine expects it.
    """
    shown = text[:40]
    if len(text) > _LENGTH_LIMIT:
        raise ValueError(f"the expression {shown!r} has {len(text)} characters, at most {_LENGTH_LIMIT} are read")
    position, count = 0, 0
    while True:
        position = _read(text, position, blob_count, _DEPTH_LIMIT)
        count += 1
        if position == len(text) and count <= _COUNT_LIMIT:
            return
        if text[position : position + 1] != "," or count > _COUNT_LIMIT:
            raise ValueError(f"{shown!r} is no list of 1 to {_COUNT_LIMIT} expressions")
        position += 1


def _read(text: str, position: int, blob_count: int, depth: int) -> int:
    """Read one expression and return the position behind it."""
    if number := _NUMBER.match(text, position):
        return number.end()
    if size := _SIZE_OF_BLOB.match(text, position):
        if int(size[1]) >= blob_count:
            raise ValueError(f"the expression {text[:40]!r} names blob {size[1]}, the layer reads {blob_count}")
        return size.end()
    operator = _OPERATOR.match(text, position)
    operand_count = _OPERAND_COUNTS.get(operator[1], 0) if operator else 0
    if operator is None or not operand_count or not depth:
        raise ValueError(f"{text[:40]!r} is no expression of sizes")
    position = operator.end()
    for index in range(operand_count):
        position = _read(text, position, blob_count, depth - 1)
        if text[position : position + 1] != (")" if index == operand_count - 1 else ","):
            raise ValueError(f"the operator {operator[1]!r} in {text[:40]!r} takes {operand_count} operands")
        position += 1
    return position
