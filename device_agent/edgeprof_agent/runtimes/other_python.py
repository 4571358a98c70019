"""Runtimes that live in another Python environment: their processes run with its interpreter.

Two engines that cannot share a version of NumPy serve one board so. edgeprof is installed in the other environment too,
in the same version.
"""

from collections.abc import Mapping, Sequence

_VARIABLES_OF_PYTHON = frozenset({"PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})
"""Environment variables that lead an interpreter to packages of this one."""


def parse_pythons(items: Sequence[str]) -> dict[str, str]:
    """Read which runtime runs with which interpreter.

    Args:
        items: `NAME=PATH` each.

    Returns:
        The interpreter by name of the runtime.
    """
    return dict(item.split("=", 1) for item in items)


def environment_for_other(environment: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables for another interpreter: without what leads it to packages of this one.

    Args:
        environment: The variables of a process with this interpreter.
    """
    return {name: value for name, value in environment.items() if name not in _VARIABLES_OF_PYTHON}
