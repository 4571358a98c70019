"""What the inputs of a model were in a job."""

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedInput:
    """An input that the worker generated: integers from a range, or normal floating-point values where it is None.

    Where `is_given`, the host gave the values, and the range is that of the integers among them.
    """

    name: str
    element_type: str
    sizes: tuple[int, ...] = ()
    lowest_value: int | None = None
    highest_value: int | None = None
    deciding_operators: tuple[str, ...] = ()
    is_given: bool = False
