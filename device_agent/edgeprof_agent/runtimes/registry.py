"""Runtimes by name, found through the entry points of the installed packages.

Used in worker processes and in the process that describes the device; the server never imports a runtime.
"""

from importlib import metadata

from edgeprof_agent.errors import RuntimeNotFoundError
from edgeprof_agent.runtimes.base import Runtime
from edgeprof_proto.records.device import RuntimeInfo

ENTRY_POINT_GROUP = "edgeprof.runtimes"


def load_runtime(name: str) -> Runtime:
    """Import the runtime of a name, and no other.

    Args:
        name: Name of the runtime, for example "onnxruntime".

    Returns:
        The runtime; `describe` reports whether its engine is available.

    Raises:
        RuntimeNotFoundError: If no installed package has the runtime, two have it, or its module cannot be imported.
    """
    entry_points = _entry_points()
    if name not in entry_points:
        known = ", ".join(sorted(entry_points)) or "none"
        raise RuntimeNotFoundError(f"no runtime is called {name!r}; this device knows: {known}")
    return _load(name, entry_points[name])


def describe_runtimes() -> tuple[RuntimeInfo, ...]:
    """Describe every runtime of the installed packages, available or not.

    Returns:
        The runtimes in the order of their names.
    """
    descriptions = []
    for name, entry_points in sorted(_entry_points().items()):
        try:
            description = _load(name, entry_points).describe()
        except RuntimeNotFoundError as error:
            description = RuntimeInfo(name=name, unavailable_reason=str(error))
        if description is not None:
            descriptions.append(description)
    return tuple(descriptions)


def _entry_points() -> dict[str, set[str]]:
    entry_points: dict[str, set[str]] = {}
    for entry_point in metadata.entry_points(group=ENTRY_POINT_GROUP):
        # A package that is found twice on the path names the same object twice, which is not a conflict.
        entry_points.setdefault(entry_point.name, set()).add(entry_point.value)
    return entry_points


def _load(name: str, values: set[str]) -> Runtime:
    if len(values) > 1:
        raise RuntimeNotFoundError(
            f"{len(values)} packages bring a runtime {name!r} ({', '.join(sorted(values))}); uninstall all but one"
        )
    value = next(iter(values))
    try:
        runtime_type = metadata.EntryPoint(name=name, value=value, group=ENTRY_POINT_GROUP).load()
    except (ImportError, AttributeError) as error:
        raise RuntimeNotFoundError(f"the runtime {name!r} ({value}) cannot be imported: {error}") from error
    if not (isinstance(runtime_type, type) and issubclass(runtime_type, Runtime) and runtime_type.name == name):
        raise RuntimeNotFoundError(f"the entry point {name!r} ({value}) is no Runtime of that name; fix its package")
    return runtime_type()
