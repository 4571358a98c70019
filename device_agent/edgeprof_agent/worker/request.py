"""What the server asks of a worker process: one JSON line on its standard input."""

from dataclasses import dataclass

from edgeprof_agent.isolation.plan import IsolationPlan
from edgeprof_agent.worker.node_placement import NodePlacement
from edgeprof_proto.records.job_spec import JobSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRequest:
    """One attempt to measure one model.

    Args:
        model_path: The model's file.
        spec: What to measure.
        attempt: Number of the attempt, from 1.
        isolation: Limits of the process; None to run without confinement.
        node_placement: Node placement where the server knows it already.
    """

    model_path: str
    spec: JobSpec
    attempt: int
    isolation: IsolationPlan | None = None
    node_placement: NodePlacement | None = None
