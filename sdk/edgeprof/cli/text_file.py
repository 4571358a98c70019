"""The type of options that take a text: a plain file, or `-` for the standard input."""

import io
import os
import sys
from typing import Any

import click

from edgeprof_proto.shared.plain_file import read_plain_file

MAX_BYTES = 2**28
"""Size of a text at most."""


class TextFile(click.ParamType[list[str]]):
    """The lines of a text in UTF-8."""

    name = "filename"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """Read the lines."""
        try:
            content = _standard_input() if value == "-" else read_plain_file(value, max_bytes=MAX_BYTES)
            return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig").readlines()
        except OSError as error:
            self.fail(f"cannot read {os.fspath(value)}: {error.strerror}", param, ctx)
        except UnicodeDecodeError as error:
            self.fail(f"{os.fspath(value)} is no text in UTF-8 ({error.reason} at byte {error.start})", param, ctx)


def _standard_input() -> bytes:
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise OSError(0, f"it has more than {MAX_BYTES} bytes; name a smaller text")
    return content
