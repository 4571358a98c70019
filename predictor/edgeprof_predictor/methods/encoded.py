"""Methods that read any encoding: the decisions unless told otherwise."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from edgeprof_predictor.encodings import Encoding, Vec
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.spaces import CategoricalSpace

EncodedMethodType = TypeVar("EncodedMethodType", bound="EncodedMethod")


class EncodedMethod(Method):
    """A method that reads architectures through an encoding. `with_encoding` makes subclasses that read another."""

    given_encoding: ClassVar[Encoding | None] = None
    """What it reads; None for the decisions."""

    @classmethod
    def encoding_of(cls, space: CategoricalSpace) -> Encoding:
        """Return the encoding that the method reads on a search space."""
        return cls.given_encoding or Vec(space)


def with_encoding(method: type[EncodedMethodType], encoding: Encoding, *, name: str) -> type[EncodedMethodType]:
    """Return the method on another encoding.

    Args:
        method: What to change.
        encoding: Must know every architecture that the method meets.
        name: Of the new method.
    """
    title = "".join(part.title() for part in name.split("-"))
    return type(title, (method,), {"name": name, "given_encoding": encoding})
