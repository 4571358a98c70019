"""What came of a model in a job for its graph."""

import dataclasses

from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.job_spec import Setting


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelProfile:
    """What an engine made of one model; `graph` is None where the engine does not report it."""

    model_sha256: str
    setting: Setting
    load_ms: float
    inputs: tuple[GeneratedInput, ...] = ()
    graph: OptimizedGraph | None = None
