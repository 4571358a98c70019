"""Search spaces: the architectures a predictor knows, as text, as numbers and as networks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module

from edgeprof_predictor.errors import ArchitectureError, UnknownSearchSpaceError
from edgeprof_predictor.spaces.architecture import CHOICE_TYPE, Architecture, ChoiceArray, FloatArray
from edgeprof_predictor.spaces.base import SearchSpace
from edgeprof_predictor.spaces.categorical import CategoricalSpace
from edgeprof_predictor.spaces.costs import StageCosts

# Module and class, imported on first use: a command that needs one space pays for one.
_SPACE_CLASSES = {
    "fbnet": ("edgeprof_predictor.spaces.fbnet.space", "FBNet"),
    "nasbench101": ("edgeprof_predictor.spaces.nasbench101.space", "NASBench101"),
    "nasbench201": ("edgeprof_predictor.spaces.nasbench201.space", "NASBench201"),
    "nasbench301": ("edgeprof_predictor.spaces.nasbench301.space", "NASBench301"),
    "transnasbench101_macro": ("edgeprof_predictor.spaces.transnas.macro", "TransNASMacro"),
    "transnasbench101_micro": ("edgeprof_predictor.spaces.transnas.micro", "TransNASMicro"),
}

SPACE_NAMES = tuple(sorted(_SPACE_CLASSES))

ENTRY_POINT_GROUP = "edgeprof.spaces"
"""Where packages name search spaces of their own."""


@cache
def get_space(name: str) -> SearchSpace:
    """Return the search space of this name.

    Args:
        name: One of `SPACE_NAMES`, or one that an installed package names as an entry point of `edgeprof.spaces`.

    Raises:
        UnknownSearchSpaceError: If no search space has this name, or that of a package cannot be loaded.
    """
    if name not in _SPACE_CLASSES:
        return _space_of_package(name)
    module_name, class_name = _SPACE_CLASSES[name]
    space: SearchSpace = getattr(import_module(module_name), class_name)()
    return space


def _space_of_package(name: str) -> SearchSpace:
    from importlib.metadata import entry_points  # takes longer than all other imports here, NumPy aside

    found = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in found:
        known = ", ".join((*SPACE_NAMES, *sorted(found)))
        raise UnknownSearchSpaceError(f"there is no search space {name!r}; the known ones are {known}")
    try:
        space = found[name].load()()
    except (ImportError, AttributeError) as error:
        raise UnknownSearchSpaceError(
            f"the search space {name!r} cannot be loaded from {found[name].value} ({error}); correct its package"
        ) from error
    if not isinstance(space, SearchSpace) or space.name != name:
        raise UnknownSearchSpaceError(f"{found[name].value} must be a SearchSpace of the name {name!r}, got {space!r}")
    return space


def space_of_notation(text: str) -> SearchSpace | None:
    """Return the search space in whose notation a text is an architecture; None where no one knows it."""
    for name in SPACE_NAMES:
        space = get_space(name)
        try:
            space.parse(text)
        except ArchitectureError:
            continue
        return space
    return None


def space_of_options(option_names: Sequence[str], decision_count: int) -> SearchSpace | None:
    """Return the search space with these options for each of so many decisions; None where no one has them.

    Args:
        option_names: In any order; without names a table is of no space.
        decision_count: Columns of a table of integers.
    """
    for name in SPACE_NAMES if option_names else ():
        space = get_space(name)
        if sorted(space.option_names) == sorted(option_names) and len(space.choice_counts) == decision_count:
            return space
    return None


__all__ = [
    "CHOICE_TYPE",
    "SPACE_NAMES",
    "Architecture",
    "CategoricalSpace",
    "ChoiceArray",
    "FloatArray",
    "SearchSpace",
    "StageCosts",
    "get_space",
    "space_of_notation",
    "space_of_options",
]
