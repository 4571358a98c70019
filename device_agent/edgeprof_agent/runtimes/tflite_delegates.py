"""Delegates that the board's owner allows: libraries that run nodes of a `.tflite` model on an accelerator.

A delegate is native code of the board, so hosts cannot name one: the variable EDGEPROF_AGENT_TFLITE_DELEGATES does.
Entries are separated by semicolons, each the name of the provider, its library and options for the library:

    edgetpu=/usr/lib/aarch64-linux-gnu/libedgetpu.so.1,device=usb;vx=/usr/lib/libvx_delegate.so
"""

import dataclasses
import os
import re
from pathlib import Path

from edgeprof_agent.isolation.plan import TFLITE_DELEGATES_VARIABLE

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class DelegateListError(Exception):
    """The variable cannot be read; the text says what is wrong with it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Delegate:
    """A delegate's library.

    Args:
        path: Its absolute path.
        options: What it is given when it is loaded.
    """

    path: str
    options: tuple[tuple[str, str], ...] = ()


def allowed_delegates() -> dict[str, Delegate]:
    """Return the delegates of this board by the name of the provider.

    Raises:
        DelegateListError: If the variable cannot be read, or a library is not there.
    """
    entries = filter(None, map(str.strip, os.environ.get(TFLITE_DELEGATES_VARIABLE, "").split(";")))
    return dict(map(_read_entry, entries))


def _read_entry(entry: str) -> tuple[str, Delegate]:
    name, _, rest = entry.partition("=")
    path, *options = rest.split(",")
    pairs = tuple((key, value) for key, separator, value in (item.partition("=") for item in options) if separator)
    if not _NAME.fullmatch(name) or not path.startswith("/") or len(pairs) != len(options):
        raise DelegateListError(
            f"{TFLITE_DELEGATES_VARIABLE} must hold entries such as NAME=/path/of/library.so,option=value separated by "
            f"semicolons, got {entry[:80]!r}"
        )
    if not Path(path).is_file():
        raise DelegateListError(
            f"{TFLITE_DELEGATES_VARIABLE} names {path}, which is no file; correct or remove the entry"
        )
    return name, Delegate(path, pairs)
