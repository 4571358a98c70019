"""Times of operators as a trace for Perfetto (https://ui.perfetto.dev): JSON in the Trace Event Format.

A track for each provider shows the operators one behind the other in the order of execution, as long as their times; a
track beside them shows the measured median, and one the sum of the operators, which were timed in runs of their own.
Times in the file are microseconds.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgeprof.output_files import check_output, write_file
from edgeprof_proto.records.measurement import Measurement, OperatorTime

_PROCESS = 1
_MEDIAN_TRACK, _SUM_TRACK, _FIRST_PROVIDER_TRACK = 1, 2, 3

_US_PER_MS = 1_000

NOT_REPORTED = "provider not reported"


def write_operator_trace(
    measurement: Measurement, path: str | os.PathLike[str], *, title: str = "edgeprof benchmark"
) -> Path:
    """Write the times of a measurement's operators as a trace that Perfetto opens.

    Args:
        measurement: The measurement, made with `wants_operators`; without operators the trace shows the median alone.
        path: The file.
        title: What was measured, for the head of the tracks.

    Returns:
        The path.

    Raises:
        OutputFileError: If the file cannot be written.
    """
    check_output(path)
    document = {"traceEvents": list(_events(measurement, title)), "displayTimeUnit": "ns"}
    write_file(path, json.dumps(document, indent=0).encode())
    return Path(path)


def _events(measurement: Measurement, title: str) -> Iterator[dict[str, Any]]:
    setting = measurement.setting
    yield _name("process_name", f"{title}: {setting.runtime} {setting.runtime_version}, {setting.precision}")
    yield _name("thread_name", "measured median", _MEDIAN_TRACK)
    yield _slice("median of the timed runs", 0.0, measurement.median_ms, _MEDIAN_TRACK, _facts(measurement))
    if not measurement.operators:
        return
    total_ms = sum(operator.time_ms for operator in measurement.operators)
    yield _name("thread_name", "sum of the operators", _SUM_TRACK)
    facts = {"operators": len(measurement.operators), "relative to the median": total_ms / measurement.median_ms}
    yield _slice("sum of the operators", 0.0, total_ms, _SUM_TRACK, facts)
    tracks: dict[str, int] = {}
    start_ms = 0.0
    for position, operator in enumerate(measurement.operators):
        provider = operator.provider or NOT_REPORTED
        if provider not in tracks:
            tracks[provider] = _FIRST_PROVIDER_TRACK + len(tracks)
            yield _name("thread_name", provider, tracks[provider])
        yield _slice(
            operator.type or operator.name,
            start_ms,
            operator.time_ms,
            tracks[provider],
            _operator_facts(operator, position),
        )
        start_ms += operator.time_ms


def _name(kind: str, text: str, track: int = 0) -> dict[str, Any]:
    return {"ph": "M", "pid": _PROCESS, "tid": track, "name": kind, "args": {"name": text}}


def _slice(name: str, start_ms: float, duration_ms: float, track: int, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        **{"ph": "X", "pid": _PROCESS, "tid": track, "name": name},
        # Rounded to nanoseconds, the resolution of Perfetto: slices that follow each other must not overlap.
        **{"ts": _nanoseconds(start_ms) / 1_000, "args": facts},
        "dur": (_nanoseconds(start_ms + duration_ms) - _nanoseconds(start_ms)) / 1_000,
    }


def _nanoseconds(time_ms: float) -> int:
    return round(time_ms * _US_PER_MS * 1_000)


def _facts(measurement: Measurement) -> dict[str, Any]:
    interval = measurement.median_interval
    facts: dict[str, Any] = {"median_ms": measurement.median_ms, "verdict": measurement.verdict.kind.text}
    if interval is not None:
        facts |= {"lower_ms": interval.lower_ms, "upper_ms": interval.upper_ms, "level": interval.level}
    return facts


def _operator_facts(operator: OperatorTime, position: int) -> dict[str, Any]:
    return {
        "name": operator.name,
        "type": operator.type,
        "shapes": ", ".join(operator.shapes),
        "share": f"{operator.share:.2%}",
        "time_ms": operator.time_ms,
        "window_ms": ", ".join(map(str, operator.window_ms)),
        "position": position,
    }
