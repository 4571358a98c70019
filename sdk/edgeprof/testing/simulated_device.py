"""The simulated device as a process that a test can start, stop, kill and question."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeprof.devices.local_agent import LocalAgent
from edgeprof.exporters.onnx import export_architecture
from edgeprof.folders import default_model_folder
from edgeprof_agent.runtimes.simulated_nodes import true_latency_ms
from edgeprof_agent.runtimes.simulation_config import (
    CONFIG_VARIABLE,
    Fault,
    FaultKind,
    Heat,
    SimulationConfig,
    kept_graphs,
)
from edgeprof_predictor.spaces import Architecture, SearchSpace
from edgeprof_proto.records.job_spec import Setting

__all__ = ["Fault", "FaultKind", "Heat", "SimulatedDevice", "SimulationConfig"]

FULL_DISK_BYTES = 1 << 60
"""Space to keep free that no disk has: the agent then finds every disk full."""

THREAD_COUNT = 64
"""Threads that a setting may ask for on a simulated device: more than the cores of any."""


class SimulatedDevice:
    """The real agent on this machine, with the runtime `simulated`.

    Args:
        folder: Where the device keeps everything.
        config: SimulatedDeviceModel, noise, heat and faults.
        has_full_disk: True for a device that has no room for any model.
        runtimes: Names of the runtimes that the device offers; empty for all that are installed here.
    """

    setting = Setting(runtime="simulated")
    """The setting that runs models on the simulated device."""

    def __init__(
        self,
        folder: Path,
        config: SimulationConfig | None = None,
        *,
        has_full_disk: bool = False,
        runtimes: Sequence[str] = ("simulated",),
    ) -> None:
        # Workers run in folders of their own, and read the configuration from there.
        folder = folder.absolute()
        self.config = config or SimulationConfig()
        self._config_path = folder / "simulation.json"
        environment = {
            CONFIG_VARIABLE: str(self._config_path),
            # Each runtime more is an engine to import before the device is described.
            "EDGEPROF_AGENT_RUNTIMES": ",".join(runtimes),
            # The simulated device has cores of its own, however many this machine has.
            "EDGEPROF_AGENT_THREAD_COUNT": str(THREAD_COUNT),
        }
        if has_full_disk:
            environment["EDGEPROF_AGENT_DISK_RESERVE_BYTES"] = str(FULL_DISK_BYTES)
        self._agent = LocalAgent(folder / "agent", environment=environment)
        folder.mkdir(parents=True, exist_ok=True)
        self.config.write(self._config_path)

    @property
    def address(self) -> str:
        """Address of the agent; the same after a restart."""
        return self._agent.address

    def start(self) -> None:
        """Start the device's agent, for the first time or again."""
        self._agent.start()

    def stop(self) -> None:
        """Stop the device's agent in order."""
        self._agent.stop()

    def kill(self) -> None:
        """End the device's agent as a power cut would."""
        self._agent.kill()

    def reset(self) -> None:
        """Make the device as new, cold and without noise drawn before; the agent and its jobs stay."""
        self.config.write(self._config_path)

    def __enter__(self) -> "SimulatedDevice":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def true_latency_ms(self, model: Path, setting: Setting | None = None) -> float:
        """The latency of a model by the device's latency model, without noise, warm-up and heat, in milliseconds."""
        kept_in = kept_graphs(self._config_path)
        return true_latency_ms(model, setting or self.setting, seed=self.config.seed, kept_in=kept_in)

    def true_latencies_ms(self, space: SearchSpace, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """The same for architectures: `n`, in milliseconds. Their networks are kept in the user's cache."""
        folder = default_model_folder()
        models = [export_architecture(space, item, folder) for item in architectures]
        return np.array([self.true_latency_ms(model) for model in models])
