"""Node placement: how many nodes of a model each provider ran, cached by model and setting.

Counting nodes takes an extra profiling run, and a worker is a new process each time. So the server keeps the counts in
a file of the data folder and passes them to the next worker of the same model. An entry holds for the setting in force,
including the runtime's version, and for the fingerprint of engine, kernel and driver: under any other the worker counts
again. A measurement says whether its counts were remembered.
"""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.data_dir import write_durably
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import JobSpec, Setting
from edgeprof_proto.records.measurement import Measurement, NodeCount
from edgeprof_proto.shared.plain_file import MAX_AGENT_FILE_BYTES, read_plain_file

logger = logging.getLogger(__name__)

REMEMBERED_COUNT = 1_000
"""Entries kept, a few hundred bytes each; the oldest are removed first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlacement:
    """Which provider ran how many nodes of a model under a setting in force.

    Args:
        setting: The setting in force.
        node_counts: What was counted.
        engine_fingerprint: What ran it then; empty in files of agents that did not know, which is like no other.
    """

    setting: Setting
    node_counts: tuple[NodeCount, ...]
    engine_fingerprint: str = ""


class NodePlacementCache:
    """The node placements known to one agent.

    Args:
        path: The file that keeps them across restarts. A damaged file is ignored; each model is then profiled again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._placements: dict[str, NodePlacement] = {}
        self._is_saved = True
        try:
            for key, fields in json.loads(read_plain_file(path, max_bytes=MAX_AGENT_FILE_BYTES)).items():
                self._placements[key] = from_json(NodePlacement, fields)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError) as error:
            logger.warning("%s cannot be read (%s); every model is profiled again", path, error)

    def find(self, spec: JobSpec) -> NodePlacement | None:
        """Return the node placement of a model under the setting asked for; None where it is not known."""
        return self._placements.get(_key(spec))

    def remember(self, spec: JobSpec, measurement: Measurement) -> None:
        """Keep the node placement of a measurement, across restarts of the agent once `save` has written it.

        Args:
            spec: The spec of the job; of one model where it is a series.
            measurement: Its result; nothing is kept where it has no node counts.
        """
        placement = NodePlacement(
            setting=measurement.setting,
            node_counts=measurement.node_counts,
            engine_fingerprint=measurement.engine_fingerprint,
        )
        if not placement.node_counts or self.find(spec) == placement:
            return
        self._placements[_key(spec)] = placement
        for key in list(self._placements)[: len(self._placements) - REMEMBERED_COUNT]:
            del self._placements[key]
        self._is_saved = False

    def save(self) -> None:
        """Write what was remembered into the file, where anything is new."""
        if self._is_saved:
            return
        self._is_saved = True
        content = json.dumps({key: to_json(item) for key, item in self._placements.items()})
        try:
            write_durably(self._path, content.encode())
        except OSError as error:
            logger.warning(
                "%s cannot be written (%s); node placements are kept until the agent stops", self._path, error
            )


def known_node_counts(
    node_placement: NodePlacement | None, setting: Setting, engine_fingerprint: str
) -> tuple[NodeCount, ...]:
    """Return the node counts of a placement that holds still.

    Args:
        node_placement: What the server remembers; None for nothing.
        setting: The setting in force now.
        engine_fingerprint: What runs the model now.

    Returns:
        The counts; empty if they are for another setting, engine, kernel or driver.
    """
    if node_placement is None or not engine_fingerprint:
        return ()
    is_same = (node_placement.setting, node_placement.engine_fingerprint) == (setting, engine_fingerprint)
    return node_placement.node_counts if is_same else ()


def _key(spec: JobSpec) -> str:
    return f"{spec.model_sha256} {json.dumps(to_json(spec.setting), sort_keys=True)}"
