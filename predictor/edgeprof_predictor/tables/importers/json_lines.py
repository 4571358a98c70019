"""Read measurements as JSON lines: one object a line, one measurement an object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgeprof_predictor._plain_files import open_plain_text
from edgeprof_predictor.tables.importers.errors import PublishedTableError
from edgeprof_predictor.tables.importers.rows import (
    ARCHITECTURE_FIELDS,
    PLATFORM_FIELDS,
    LatencyUnit,
    PublishedRow,
    find_field,
)


def read_json_lines(
    source: Path, unit: LatencyUnit, platforms: tuple[str, ...] | None = None
) -> Iterator[PublishedRow]:
    """Read objects with `architecture`, `platform` and `latency_ms`; other members are passed over.

    `arch`, `device` and `latency` are understood as well. An architecture is a text or a list of choices.

    Args:
        source: The file.
        unit: Unit of the latencies.
        platforms: Names of the platforms to take; None for all.

    Raises:
        PublishedTableError: If a line is no such object.
        OSError: If the file cannot be read.
    """
    with open_plain_text(source) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                row = _row(line, f"line {number}", unit)
                if platforms is None or not row.latencies.keys().isdisjoint(platforms):
                    yield row


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = [name for name, _ in pairs if [other for other, _ in pairs].count(name) > 1]
    if repeated:
        raise ValueError(f"{repeated[0]} is in it more than once")
    return dict(pairs)


def _row(line: str, origin: str, unit: LatencyUnit) -> PublishedRow:
    try:
        fields = json.loads(line, object_pairs_hook=_members)
    # Brackets nested without end exhaust the parser, not the file.
    except (ValueError, RecursionError) as error:
        raise PublishedTableError(f"{origin} is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise PublishedTableError(
            f"{origin} must be an object with architecture, platform and {unit.latency_fields[0]}"
        )
    architecture = _member(fields, ARCHITECTURE_FIELDS, origin)
    platform = _member(fields, PLATFORM_FIELDS, origin)
    latency = _member(fields, unit.latency_fields, origin)
    if not isinstance(platform, str):
        raise PublishedTableError(f"{origin}: the platform must be a text, got {platform!r}")
    if latency is not None and (isinstance(latency, bool) or not isinstance(latency, int | float)):
        raise PublishedTableError(f"{origin}: the latency of {platform} is no number: {latency!r}")
    return PublishedRow(
        origin=origin,
        architecture=_architecture_text(architecture, origin),
        latencies={} if latency is None else {platform.strip(): latency},
    )


def _member(fields: dict[str, Any], wanted: tuple[str, ...], origin: str) -> Any:
    name = find_field(fields, wanted)
    if name is None:
        raise PublishedTableError(f"{origin} has no {wanted[0]}; its members are {', '.join(fields) or 'none'}")
    return fields[name]


def _architecture_text(architecture: Any, origin: str) -> str:
    if isinstance(architecture, str):
        return architecture
    if isinstance(architecture, list) and all(
        isinstance(item, int | str) and not isinstance(item, bool) for item in architecture
    ):
        return ",".join(map(str, architecture))
    raise PublishedTableError(f"{origin}: the architecture must be a text or a list of choices, got {architecture!r}")
