"""What the server asks of a worker process: one JSON line on its standard input."""

from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_agent.worker.node_placement import NodePlacement
from edgeprof_proto.records.job_spec import JobSpec
from edgeprof_proto.records.model_manifest import ManifestInput

AGENT_UPDATED = "the agent's package was updated while it ran: restart edgeprof-agent on the device"
"""What a job says whose worker is of another version than the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesModel:
    """One model of a series.

    Args:
        model_sha256: SHA-256 of the model.
        path: Its main file, below the folder that holds the models of the series.
        other_files: Names of its other files, which lie beside that.
        model_inputs: Inputs that its manifest tells of.
        node_placement: Its node placement where the server knows it already.
    """

    model_sha256: str
    path: str
    other_files: tuple[str, ...] = ()
    model_inputs: tuple[ManifestInput, ...] = ()
    node_placement: NodePlacement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRequest:
    """One attempt to measure one model, or a series of them.

    Args:
        model_path: The model's file; of several the main one, in a folder that holds them under their names.
        other_files: Names of the other files of the model.
        model_inputs: Inputs that the manifest of the model tells of.
        inputs_path: The archive with the values of inputs; empty to generate every input.
        spec: What to measure.
        attempt: Number of the attempt, from 1.
        job_id: Id of the job; empty where it is not told.
        isolation: Limits of the process; None to run without confinement.
        node_placement: Node placement where the server knows it already. Models of a series have their own.
        acknowledges_blocks: Whether the server acknowledges each block on the standard input.
        has_folder: Whether the folder of `model_path` belongs to the model.
        series: The models of a series, each in a folder of its own; `model_path` is the first one's main file.
        agent_version: `WORKER_VERSION` of the server; empty for one before contract revision 3.
    """

    model_path: str
    spec: JobSpec
    attempt: int
    job_id: str = ""
    isolation: IsolationPlan | None = None
    node_placement: NodePlacement | None = None
    acknowledges_blocks: bool = False
    agent_version: str = ""
    other_files: tuple[str, ...] = ()
    model_inputs: tuple[ManifestInput, ...] = ()
    inputs_path: str = ""
    has_folder: bool = False
    series: tuple[SeriesModel, ...] = ()

    @property
    def model_folder(self) -> Path | None:
        """The folder that belongs to the models; None for a model of one file."""
        if self.series:
            return Path(self.model_path).parent.parent
        return Path(self.model_path).parent if self.has_folder else None
