"""Figures as files: the ending of a name chooses the format."""

import io
import os
from collections.abc import Iterable
from pathlib import Path

from matplotlib.figure import Figure

from edgeprof.errors import OutputFileError
from edgeprof.output_files import check_output, write_file

DEFAULT_FORMAT = "png"
"""Of a name without an ending, such as `/dev/stdout`."""

DOTS_PER_INCH = 150


def check_picture(path: str | os.PathLike[str] | None, *, inputs: Iterable[str | os.PathLike[str] | None] = ()) -> None:
    """Check that a figure could be written to a file, before the work that it is to show.

    Args:
        path: The file; None for none.
        inputs: Files that are read for it, which it may not replace.

    Raises:
        OutputFileError: If its ending is no format, or it could not be written.
    """
    if path is not None:
        _format_of(path)
        check_output(path, inputs=inputs)


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure.

    Args:
        figure: The figure.
        path: The file; its ending chooses the format.

    Returns:
        The path.

    Raises:
        OutputFileError: If its ending is no format, or it cannot be written.
    """
    content = io.BytesIO()
    figure.savefig(content, dpi=DOTS_PER_INCH, format=_format_of(path))
    write_file(path, content.getvalue())
    return Path(path)


def _format_of(path: str | os.PathLike[str]) -> str:
    known = Figure().canvas.get_supported_filetypes()
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending and ending not in known:
        raise OutputFileError(
            f"cannot write {os.fspath(path)}: its ending is no format of a picture; name a file with one of "
            f"{', '.join(sorted(known))}"
        )
    return ending or DEFAULT_FORMAT
