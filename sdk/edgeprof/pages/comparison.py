"""The document of a comparison of two results."""

from typing import Any

from edgeprof.pages.measurement import common_edges, distribution
from edgeprof.pages.results_table import row_of
from edgeprof.reporting.difference import difference
from edgeprof.store import StoredResult
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.measurement import Measurement

Stored = tuple[StoredResult, Measurement]


def comparison_document(first: Stored, second: Stored) -> dict[str, Any]:
    """Return what a page shows of two results.

    Args:
        first: The one that is compared with, and its measurement.
        second: The other.
    """
    found = difference(first[0], second[0])
    edges_ms = common_edges([first[1], second[1]])
    return {
        "kind": "comparison",
        "title": f"{second[0].name} against {first[0].name}",
        **found.as_json(),
        "evidence": _evidence(first[1], second[1]),
        **{
            side: {
                **row_of(result),
                "setting": to_json(result.setting),
                "distribution": distribution(measurement, edges_ms),
            }
            for side, (result, measurement) in (("first", first), ("second", second))
        },
    }


def _evidence(first: Measurement, second: Measurement) -> list[dict[str, Any]]:
    """Return the numbers of both verdicts by their names, None where one has no such number."""
    of_first, of_second = ({item.name: item for item in one.verdict.evidence} for one in (first, second))
    return [
        {"name": name, "first": to_json(of_first.get(name)), "second": to_json(of_second.get(name))}
        for name in of_first | of_second
    ]
