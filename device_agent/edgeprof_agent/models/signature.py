"""What a model takes in a run, whatever its format: names, types and shapes of its inputs."""

import dataclasses

Dimension = int | str | None
"""A size, the name of one that is open, or None for an open one without a name."""


@dataclasses.dataclass(frozen=True, slots=True)
class InputSignature:
    """An input that a run must be given.

    Args:
        name: Its name.
        element_type: Type of its elements by NumPy's name, for example "float32"; a type that NumPy has not by the name
            that its format gives it, for example "bfloat16"; empty for what is no tensor.
        dimensions: Its shape; None where the model declares none.
        row_count: Rows of the table that its values index, where the format tells of one.
    """

    name: str
    element_type: str
    dimensions: tuple[Dimension, ...] | None
    row_count: int | None = None
