"""Search spaces: the architectures a predictor knows, as text, as numbers and as networks."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from edgeprof_predictor.errors import UnknownSearchSpaceError
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.categorical import Architecture, CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.spaces.costs import StageCosts

# Module and class, imported on first use: a command that needs one space pays for one.
_SPACE_CLASSES = {
    "fbnet": ("edgeprof_predictor.spaces.fbnet", "FBNet"),
    "nasbench201": ("edgeprof_predictor.spaces.nasbench201", "NASBench201"),
}

SPACE_NAMES = tuple(sorted(_SPACE_CLASSES))


@cache
def get_space(name: str) -> SearchSpace:
    """Return the search space of this name.

    Args:
        name: One of `SPACE_NAMES`.

    Raises:
        UnknownSearchSpaceError: If no search space has this name.
    """
    if name not in _SPACE_CLASSES:
        raise UnknownSearchSpaceError(f"there is no search space {name!r}; the known ones are {', '.join(SPACE_NAMES)}")
    module_name, class_name = _SPACE_CLASSES[name]
    space: SearchSpace = getattr(import_module(module_name), class_name)()
    return space


__all__ = [
    "SPACE_NAMES",
    "Architecture",
    "CategoricalSpace",
    "ChoiceArray",
    "FloatArray",
    "SearchSpace",
    "StageCosts",
    "get_space",
]
