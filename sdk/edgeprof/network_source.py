"""Loads a torch module from its name: `package.module:callable` or `path/to/file.py:callable`."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from edgeprof.errors import NetworkSourceError

if TYPE_CHECKING:
    from torch import nn

EXAMPLES = "my_package.my_module:make_network or path/to/file.py:make_network"

_SOURCE = re.compile(r".+\.py:\w+|\w+(\.\w+)*:\w+")


def is_network_source(text: str) -> bool:
    """Whether a text names a torch module, and no file that is there.

    Args:
        text: A path, or `package.module:callable` or `path/to/file.py:callable`.
    """
    return _SOURCE.fullmatch(text) is not None and not Path(text).exists()


def require_source_file(source: str) -> None:
    """Check that the file of a source is there, where it names one: what it makes is known only by running it.

    Args:
        source: As for `load_network`.

    Raises:
        NetworkSourceError: If it is not.
    """
    place = source.rpartition(":")[0]
    if place.endswith(".py") and not Path(place).is_file():
        raise NetworkSourceError(f"cannot import {place}: there is no plain file of this name")


def load_network(source: str, *, seed: int) -> nn.Module:
    """Return the network that a callable of the user's makes.

    Args:
        source: Where it is: a module that can be imported from here, or a file, then `:` and the name of a callable
            without arguments, or of a torch module. Where the callable returns a torch module with example inputs, the
            module is taken.
        seed: Of torch's generator while it is made; the generator itself stays as it is.

    Raises:
        NetworkSourceError: If there is no such thing, it fails, or what it returns is no torch module.
    """
    return load_network_with_inputs(source, seed=seed)[0]


def load_network_with_inputs(source: str, *, seed: int) -> tuple[nn.Module, object]:
    """Return the network that a callable of the user's makes, with the example inputs that it comes with.

    They come with it where the callable returns `(module, inputs)`, or where the module has the attribute
    `example_input`.

    Args:
        source: As for `load_network`.
        seed: As for `load_network`.

    Returns:
        The module, and its example inputs as the user gives them; None where there are none.

    Raises:
        NetworkSourceError: If there is no such thing, it fails, or what it returns is no torch module.
    """
    import torch

    place, _, name = source.rpartition(":")
    if not place or not name:
        raise NetworkSourceError(f"{source!r} names no network; write {EXAMPLES}")
    made = user_attribute(place, name)
    if not isinstance(made, (torch.nn.Module, tuple)):
        if not callable(made):
            raise NetworkSourceError(f"{name} of {place} is no callable; name one that returns a torch module")
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            try:
                made = made()
            except Exception as error:  # the user's own code may raise anything
                raise NetworkSourceError(f"{name} of {place} failed: {_first_line(error)}") from error
    network, inputs = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if not isinstance(network, torch.nn.Module):
        raise NetworkSourceError(f"{name} of {place} returned no torch module, but {type(network).__name__}")
    return network, getattr(network, "example_input", None) if inputs is None else inputs


def user_attribute(place: str, name: str) -> object:
    """Return what a user's module or file has by a name.

    Args:
        place: A module that can be imported from here, or a file that ends in `.py`.
        name: Of something in it.

    Raises:
        NetworkSourceError: If there is no such thing, or importing it fails.
    """
    try:
        module = _from_file(Path(place)) if place.endswith(".py") else _imported(place)
    except Exception as error:  # so may the module, while it is imported
        raise NetworkSourceError(f"cannot import {place}: {_first_line(error)}") from error
    if not hasattr(module, name):
        raise NetworkSourceError(f"{place} has no {name}; name a callable that it has, as {EXAMPLES}")
    found: object = getattr(module, name)
    return found


def _imported(place: str) -> ModuleType:
    # As with `python -m`: a command that was installed does not look into the folder it is called in.
    if "" not in sys.path:
        sys.path.insert(0, "")
    return importlib.import_module(place)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no plain file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Classes of the file are looked up by its name, by dataclasses and by pickling.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + lines[0] if lines else ''}"
