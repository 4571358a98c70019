"""Runtimes by name, found through the entry points of the installed packages.

Used in worker processes and in the process that describes the device; the server never imports a runtime.
"""

import logging
import re
from importlib import metadata

from edgeprof_agent.errors import RuntimeNotFoundError
from edgeprof_agent.runtimes.base import Runtime
from edgeprof_agent.runtimes.telemetry import turn_telemetry_off

logger = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "edgeprof.runtimes"


def load_runtime(name: str) -> Runtime:
    """Import the runtime of a name, and no other.

    Args:
        name: Name of the runtime, for example "onnxruntime".

    Returns:
        The runtime; `describe` reports whether its engine is available.

    Raises:
        RuntimeNotFoundError: If no installed package has the runtime, two have it, its module cannot be imported, or it
            cannot be made.
    """
    return make_runtime(runtime_type(name))


def runtime_type(name: str) -> type[Runtime]:
    """Import the class of a runtime, and no other.

    Args:
        name: Name of the runtime, for example "onnxruntime".

    Raises:
        RuntimeNotFoundError: If no installed package has the runtime, two have it, or its module cannot be imported.
    """
    entry_points = runtime_entry_points()
    if name not in entry_points:
        known = ", ".join(sorted(entry_points)) or "none"
        raise RuntimeNotFoundError(f"no runtime is called {name!r}; this device knows: {known}")
    return _imported(name, entry_points[name])


def make_runtime(found: type[Runtime]) -> Runtime:
    """Make a runtime.

    Args:
        found: Its class.

    Raises:
        RuntimeNotFoundError: If it cannot be made.
    """
    try:
        return found()
    except Exception as error:
        place = f"{found.__module__}:{found.__qualname__}"
        raise RuntimeNotFoundError(
            f"the runtime {found.name!r} ({place}) cannot be made: {type(error).__name__}: {error}"
        ) from error


def runtime_entry_points() -> dict[str, set[str]]:
    """Return the entry points of all installed packages by the name of the runtime; a damaged package brings none."""
    entry_points: dict[str, set[str]] = {}
    try:
        # It tells packages apart by the names of their folders, which spares the reading of every package's metadata.
        for entry_point in metadata.entry_points(group=ENTRY_POINT_GROUP):
            entry_points.setdefault(entry_point.name, set()).add(entry_point.value)
        return entry_points
    except Exception as error:
        logger.debug("an installed package is damaged: %s: %s", type(error).__name__, error)
    return _entry_points_of_sound_packages()


def _entry_points_of_sound_packages() -> dict[str, set[str]]:
    entry_points: dict[str, set[str]] = {}
    seen: set[str] = set()
    for distribution in metadata.distributions():
        try:
            name = re.sub("[-_.]+", "-", distribution.metadata["Name"] or "").lower()
            found = distribution.entry_points.select(group=ENTRY_POINT_GROUP)
        except Exception as error:
            # Whatever a package's metadata hold; none of it is a reason to lose the runtimes of the others.
            logger.warning("the metadata of an installed package cannot be read: %s: %s", type(error).__name__, error)
            continue
        # Of a package that is on the path twice, Python imports the first.
        if name and name in seen:
            continue
        seen.add(name)
        for entry_point in found:
            entry_points.setdefault(entry_point.name, set()).add(entry_point.value)
    return entry_points


def _imported(name: str, values: set[str]) -> type[Runtime]:
    if len(values) > 1:
        raise RuntimeNotFoundError(
            f"{len(values)} packages bring a runtime {name!r} ({', '.join(sorted(values))}); uninstall all but one"
        )
    value = next(iter(values))
    turn_telemetry_off()
    try:
        found = metadata.EntryPoint(name=name, value=value, group=ENTRY_POINT_GROUP).load()
    except Exception as error:
        # Importing a module runs it, so anything may come out: an OSError of a driver's library, a bug.
        detail = str(error) if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
        raise RuntimeNotFoundError(f"the runtime {name!r} ({value}) cannot be imported: {detail}") from error
    if not (isinstance(found, type) and issubclass(found, Runtime) and found.name == name):
        raise RuntimeNotFoundError(f"the entry point {name!r} ({value}) is no Runtime of that name; fix its package")
    return found
