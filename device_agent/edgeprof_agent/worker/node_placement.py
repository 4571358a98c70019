"""Where the nodes of a model ran, by model and setting: learnt once from the runtime, then remembered.

A worker is a fresh process that keeps nothing. So the server remembers what a worker found, in a small file of the
agent's data folder, and hands it to the next worker of the same model. What is remembered holds for the setting that
was in force, the runtime's version included: under another one the worker asks its runtime again.
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
"""Models and settings remembered; the oldest give way. A few hundred bytes each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Which provider ran how many nodes of a model under a setting in force."""

    setting: Setting
    node_counts: tuple[NodeCount, ...]


class ProofCache:
    """The proofs of one agent.

    Args:
        path: The file that keeps them across restarts. A damaged one is forgotten: it costs one profile run each.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._proofs: dict[str, Proof] = {}
        try:
            for key, fields in json.loads(path.read_text(encoding="utf-8")).items():
                self._proofs[key] = from_json(Proof, fields)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError) as error:
            logger.warning("%s cannot be read (%s); every model is profiled once again", path, error)

    def find(self, spec: JobSpec) -> Proof | None:
        """Return what is known of a model under the setting asked for; None where nothing is."""
        return self._proofs.get(_key(spec))

    def remember(self, spec: JobSpec, measurement: Measurement) -> None:
        """Keep what a worker found.

        Args:
            spec: What was asked for.
            measurement: What came out. Without node counts there is nothing to keep.
        """
        proof = Proof(setting=measurement.setting, node_counts=measurement.node_counts)
        if not proof.node_counts or self.find(spec) == proof:
            return
        self._proofs[_key(spec)] = proof
        for key in list(self._proofs)[: len(self._proofs) - REMEMBERED_COUNT]:
            del self._proofs[key]
        content = json.dumps({key: to_json(item) for key, item in self._proofs.items()})
        try:
            write_durably(self._path, content.encode())
        except OSError as error:
            logger.warning("%s cannot be written (%s); known until the agent stops", self._path, error)


def known_node_counts(proof: Proof | None, setting: Setting) -> tuple[NodeCount, ...]:
    """Return the node counts of a proof that holds for the setting in force; empty where it does not."""
    return proof.node_counts if proof is not None and proof.setting == setting else ()


def _key(spec: JobSpec) -> str:
    return f"{spec.model_sha256} {json.dumps(to_json(spec.setting), sort_keys=True)}"
