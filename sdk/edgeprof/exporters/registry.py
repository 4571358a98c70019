"""Exporters by name, found through the entry points of the installed packages."""

import logging

from edgeprof.errors import ExportError
from edgeprof.exporters.base import Exporter

logger = logging.getLogger(__name__)

ENTRY_POINT_GROUP = "edgeprof.exporters"


def load_exporter(name: str) -> Exporter:
    """Return the exporter of a name.

    Raises:
        ExportError: If no installed package has it, two have it, or its module cannot be imported.
    """
    values = _values_by_name()
    if name not in values:
        raise ExportError(f"no exporter is called {name!r}; this host knows: {', '.join(sorted(values)) or 'none'}")
    return _load(name, values[name])


def installed_exporters() -> list[Exporter]:
    """Return all exporters of the installed packages by name; one that cannot be loaded is left out with a warning."""
    found = []
    for name, values in sorted(_values_by_name().items()):
        try:
            found.append(_load(name, values))
        except ExportError as error:
            logger.warning("%s", error)
    return found


def _values_by_name() -> dict[str, set[str]]:
    from importlib import metadata  # a command that only might export does without

    values: dict[str, set[str]] = {}
    for entry_point in metadata.entry_points(group=ENTRY_POINT_GROUP):
        values.setdefault(entry_point.name, set()).add(entry_point.value)
    return values


def _load(name: str, values: set[str]) -> Exporter:
    from importlib import metadata

    if len(values) > 1:
        raise ExportError(
            f"{len(values)} packages bring an exporter {name!r} ({', '.join(sorted(values))}); uninstall all but one"
        )
    value = next(iter(values))
    try:
        exporter_type = metadata.EntryPoint(name=name, value=value, group=ENTRY_POINT_GROUP).load()
        is_exporter = isinstance(exporter_type, type) and issubclass(exporter_type, Exporter)
        exporter: Exporter | None = exporter_type() if is_exporter and exporter_type.name == name else None
    except Exception as error:  # importing a module runs it, so anything may come out
        detail = f"{type(error).__name__}: {error}"
        raise ExportError(f"the exporter {name!r} ({value}) cannot be loaded: {detail}; fix its package") from error
    if exporter is None:
        raise ExportError(f"the entry point {name!r} ({value}) is no Exporter of that name; fix its package")
    return exporter
