"""Where the graph of a model comes from that is to be predicted: the device, or the same runtime on this host."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from edgeprof.errors import EdgeprofError, GraphNotToldError
from edgeprof.operator_models.host_engine import HostEngine, on_this_host
from edgeprof.operator_models.kept_answers import answers_of_device, answers_of_host
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.model_profile import ModelProfile

if TYPE_CHECKING:
    from edgeprof.devices.client import DeviceClient


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldGraph:
    """A graph, and what is to be said of where it comes from.

    Args:
        profile: What the runtime made of the model.
        warning: Why it may differ from what the device runs; empty where it is the device's own.
        engine: Engine whose operators the graph holds; the runtime of the profile by default.
    """

    profile: ModelProfile
    warning: str = ""
    engine: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "engine", self.engine or self.profile.setting.runtime)


class GraphSource(Protocol):
    """Tells the graph that a runtime makes of a model."""

    def graph(self, model: Path, *, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> ToldGraph:
        """Return the graph of a model.

        Raises:
            EdgeprofError: If the runtime cannot load the model, or tells no graph.
        """


class DeviceGraphs:
    """The device itself loads each model and tells its graph.

    Args:
        client: The device.
        setting: How the model would run.
        version: Version of the runtime on the device; that of the setting by default.
    """

    def __init__(self, client: "DeviceClient", setting: Setting, version: str = "") -> None:
        self._client = client
        self._kept = answers_of_device(client.device().device_id, client.agent_version)
        self._setting = dataclasses.replace(setting, runtime_version=version or setting.runtime_version)
        self._warning = ""
        if self._setting != setting:
            self._warning = (
                f"the profile was made with {setting.runtime} {setting.runtime_version}, the device now runs "
                f"{version}: times may differ until it is onboarded again"
            )

    def graph(self, model: Path, *, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> ToldGraph:
        """Return the graph of a model; see `GraphSource`."""
        kept = self._kept.of_model(ModelProfile, model, self._setting, input_shapes)
        profile = kept.read() or kept.keep(self._told(model, input_shapes))
        return ToldGraph(profile=profile, warning=self._warning)

    def _told(self, model: Path, input_shapes: Mapping[str, Sequence[int]]) -> ModelProfile:
        job_id = f"graph-{os.urandom(16).hex()}"
        try:
            return self._client.profile(model, self._setting, job_id=job_id, input_shapes=input_shapes)
        except KeyboardInterrupt:
            with suppress(EdgeprofError):
                self._client.cancel_job(job_id)
            raise
        finally:
            # Nobody else knows the job, failed or not; one that never came to the device is skipped.
            with suppress(EdgeprofError):
                self._client.acknowledge((job_id,))


class HostGraphs:
    """The same runtime on this host stands in for the device's.

    Args:
        setting: How the model would run on the device.
        engine: Loads models on this host.
    """

    def __init__(self, setting: Setting, engine: HostEngine) -> None:
        self._setting = setting
        self._engine = engine
        self._kept = answers_of_host()

    def graph(self, model: Path, *, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> ToldGraph:
        """Return the graph of a model; see `GraphSource`."""
        setting = on_this_host(self._setting)
        kept = self._kept.of_model(ModelProfile, model, setting, input_shapes)
        profile = kept.read() or kept.keep(self._engine.profile(model, setting, input_shapes))
        return ToldGraph(profile=profile, warning=self._warning(profile.setting.runtime_version))

    def _warning(self, version: str) -> str:
        name, wanted = self._setting.runtime, self._setting.runtime_version
        if version == wanted:
            return f"graphs by {name} {version} on this host; a processor with other instructions may get others"
        return f"graphs by {name} {version} on this host, the device runs {wanted}: some operators may differ"


class EqualHostGraphs:
    """This host where it has the runtime in the version that is asked for, else the device, whose jobs take longer.

    Args:
        host: The runtime on this host.
        device: Asked where that is another, or cannot load the model.
        setting: How the model would run, with the version.
    """

    def __init__(self, host: HostGraphs, device: GraphSource, setting: Setting) -> None:
        self._host = host
        self._device = device
        self._setting = setting

    def graph(self, model: Path, *, input_shapes: Mapping[str, Sequence[int]] = MappingProxyType({})) -> ToldGraph:
        """Return the graph of a model; see `GraphSource`."""
        try:
            told = self._host.graph(model, input_shapes=input_shapes)
        except GraphNotToldError:
            return self._device.graph(model, input_shapes=input_shapes)
        if told.profile.setting.runtime_version == self._setting.runtime_version:
            return told
        return self._device.graph(model, input_shapes=input_shapes)
