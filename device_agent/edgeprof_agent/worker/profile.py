"""What an engine made of a model, in a job that does not measure it."""

from edgeprof_agent.worker.loading import loaded_model, setting_in_force
from edgeprof_agent.worker.request import WorkerRequest
from edgeprof_agent.worker.server_link import ServerLink
from edgeprof_proto.records.model_profile import ModelProfile


def read_profile(request: WorkerRequest, link: ServerLink) -> ModelProfile:
    """Load a model, and read the graph that the engine made of it.

    Args:
        request: What to load.
        link: Gets each event.

    Returns:
        The profile; without a graph where the engine does not report it.

    Raises:
        AgentError: If the runtime or the model failed, or the graph cannot be read.
    """
    with loaded_model(request, link) as (model, _):
        return ModelProfile(
            model_sha256=request.spec.model_sha256,
            setting=setting_in_force(model.setting, request.spec.setting),
            load_ms=model.load_ms,
            inputs=model.inputs,
            graph=model.read_graph(),
        )
