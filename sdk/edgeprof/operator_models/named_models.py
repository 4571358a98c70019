"""Models that are measured or predicted, under the names that reports give them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeprof.devices.model_folder import models_in
from edgeprof.errors import ModelFileError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelToMeasure:
    """A model that an operator model learns from.

    Args:
        name: Its name in reports; unique among all that are measured.
        path: Its main file.
        is_probe: Whether it belongs to the probe suite.
    """

    name: str
    path: Path
    is_probe: bool = False


def models_to_measure(models: Sequence[str | os.PathLike[str]]) -> list[ModelToMeasure]:
    """Return models under the names of their files; a folder stands for all models in it.

    Raises:
        ModelFileError: If two have the same name, or a folder holds none.
    """
    given = [Path(model) for model in models]
    paths = [path for place in given for path in (models_in(place) if place.is_dir() else [place])]
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ModelFileError(f"two models are called {twice}: reports tell them apart by their names; rename one")
    return [ModelToMeasure(name=path.name, path=path) for path in paths]
