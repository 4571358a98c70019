"""Node placement: how many nodes of a model each provider ran, cached by model and setting.

Counting nodes takes an extra profiling run, and a worker is a new process each time. So the server keeps the counts in
a file of the data folder and passes them to the next worker of the same model. An entry holds for the setting in force,
including the runtime's version: under any other setting the worker counts again.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.data_dir import write_durably
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.records.measurement import Measurement, NodeCount

logger = logging.getLogger(__name__)

REMEMBERED_COUNT = 1_000
"""Entries kept, a few hundred bytes each; the oldest are removed first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlacement:
    """Which provider ran how many nodes of a model under a setting in force."""

    setting: Setting
    node_counts: tuple[NodeCount, ...]


class NodePlacementCache:
    """The node placements known to one agent.

    Args:
        path: The file that keeps them across restarts. A damaged file is ignored; each model is then profiled again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._placements: dict[str, NodePlacement] = {}
        try:
            for key, fields in json.loads(path.read_text(encoding="utf-8")).items():
                self._placements[key] = from_json(NodePlacement, fields)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError) as error:
            logger.warning("%s cannot be read (%s); every model is profiled again", path, error)

    def find(self, spec: JobSpec) -> NodePlacement | None:
        """Return the node placement of a model under the setting asked for; None where it is not known."""
        return self._placements.get(_key(spec))

    def remember(self, spec: JobSpec, measurement: Measurement) -> None:
        """Keep the node placement of a measurement.

        Args:
            spec: The spec of the job.
            measurement: Its result; nothing is kept where it has no node counts.
        """
        placement = NodePlacement(setting=measurement.setting, node_counts=measurement.node_counts)
        if not placement.node_counts or self.find(spec) == placement:
            return
        self._placements[_key(spec)] = placement
        for key in list(self._placements)[: len(self._placements) - REMEMBERED_COUNT]:
            del self._placements[key]
        content = json.dumps({key: to_json(item) for key, item in self._placements.items()})
        try:
            write_durably(self._path, content.encode())
        except OSError as error:
            logger.warning(
                "%s cannot be written (%s); node placements are kept until the agent stops", self._path, error
            )


def known_node_counts(node_placement: NodePlacement | None, setting: Setting) -> tuple[NodeCount, ...]:
    """Return the node counts if the placement is for the setting in force; empty otherwise."""
    if node_placement is None or node_placement.setting != setting:
        return ()
    return node_placement.node_counts


def _key(spec: JobSpec) -> str:
    return f"{spec.model_sha256} {json.dumps(to_json(spec.setting), sort_keys=True)}"
