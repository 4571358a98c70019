"""Options of commands that are given inputs of a model."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from edgeprof_proto.records.job_spec import MAX_INPUT_NAME, MAX_RANK

F = TypeVar("F", bound=Callable[..., Any])


class Shape(click.ParamType[tuple[str, tuple[int, ...]]]):
    """The name of an input with its shape, or of an open dimension with its size: `ids=1x128`, `batch=4`."""

    name = "shape"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, tuple[int, ...]]:
        """Turn the text into the name and the sizes."""
        if isinstance(value, tuple):
            return value
        name, _, text = value.rpartition("=")
        sizes = text.split("x")
        is_shape = all(re.fullmatch(r"[1-9]\d{0,9}", size, re.ASCII) for size in sizes)
        if not 1 <= len(name) <= MAX_INPUT_NAME or not is_shape or len(sizes) > MAX_RANK:
            self.fail(
                f"{value[:60]} is no name with sizes of 1 or more; write ids=1x128 for an input, batch=4 for an open "
                "dimension",
                param,
                ctx,
            )
        return name, tuple(map(int, sizes))


def model_input_options(command: F) -> F:
    """Add `--shape` and `--inputs`, as `shapes` and `inputs`."""
    inputs = click.option(
        "--inputs",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.npz",
        help="Values of inputs by their names, as numpy.savez writes them.  [default: generated]",
    )
    return shape_option(inputs(command))


def shape_option(command: F) -> F:
    """Add `--shape`, as `shapes`."""
    return click.option(
        "--shape",
        "shapes",
        type=Shape(),
        multiple=True,
        metavar="NAME=SIZES",
        help="Shape of an input that leaves sizes open, as ids=1x128, or size of an open dimension, as batch=4; may be "
        "given again.",
    )(command)


def as_mapping(shapes: Sequence[tuple[str, tuple[int, ...]]]) -> dict[str, tuple[int, ...]]:
    """Return the shapes by name.

    Raises:
        click.UsageError: If one is given twice.
    """
    named = dict(shapes)
    if len(named) < len(shapes):
        raise click.UsageError("--shape names something twice; give each name once")
    return named
