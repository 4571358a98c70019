"""The interface between the worker and an inference engine.

A runtime is found by its entry point in the group `edgeprof.runtimes` and is used in worker processes only. Its module
must be importable without the engine: `describe` is called on every device and reports what is missing.
"""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from edgeprof_agent import conditions
from edgeprof_agent.errors import SettingNotSupportedError
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.given_inputs import GivenInputs
from edgeprof_agent.runtimes.timed_loop import Clock
from edgeprof_proto.records.device import RuntimeInfo
from edgeprof_proto.records.generated_input import GeneratedInput
from edgeprof_proto.records.graph import OptimizedGraph
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import Conditions, OperatorTime

JOB_ID_VARIABLE = "EDGEPROF_AGENT_JOB_ID"
"""Environment variable of a worker with the id of its job: an attempt that follows an interrupted one has the same."""


class Runtime(ABC):
    """An inference engine. Constructed without arguments."""

    name: ClassVar[str]
    """Name in a setting, and name of the entry point."""

    model_formats: ClassVar[tuple[str, ...]] = ()
    """Formats of the models that `load` reads, preferred first: names of `model_formats`, whose files are checked
    before the runtime sees them, or names of its own. Empty where hosts are to upload any file. A single format may
    also be named as `model_format`, the attribute before contract revision 4."""

    model_inputs: tuple[InputSignature, ...] = ()
    """What the manifest of a model of several files tells of its inputs, set by the worker before `load`: for formats
    whose files do not tell the shapes."""

    given_inputs: GivenInputs = GivenInputs()
    """Shapes and values that the host gives for the inputs, set by the worker before `load`, which passes them on:
    `generate_inputs(..., given=self.given_inputs)`."""

    described: RuntimeInfo | None = None
    """The description that `load_engine` got, for a `load` to which another would take long."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        model_format = cls.__dict__.get("model_format")
        if model_format and "model_formats" not in cls.__dict__:
            cls.model_formats = (str(model_format),)

    @abstractmethod
    def describe(self) -> RuntimeInfo | None:
        """Describe what the runtime supports on this device, without loading a model.

        Returns:
            The version and the allowed values of a setting, or why the runtime is not available and what to do; None
            to leave the runtime out of the device's list.
        """

    def load_engine(self) -> None:
        """Load the engine without a model, so that its memory can be told from that of the model.

        Called before `load` where a model is measured. What goes wrong is left to `load`, which says it.
        """
        with contextlib.suppress(Exception):
            self.described = self.describe()

    @abstractmethod
    def load(self, model_path: Path, setting: Setting, *, input_seed: int) -> "LoadedModel":
        """Load a model and generate its inputs.

        Args:
            model_path: The model's file: a path without a suffix. Of a model of several files the main one, by its
                name; the others lie beside it, as the manifest names them.
            setting: How to run it; empty fields and absent options mean the runtime's default.
            input_seed: Seed of the generated inputs: equal seeds give equal inputs.

        Returns:
            The model, not yet run.

        Raises:
            ModelRejectedError: If the runtime cannot run the file, or an input cannot be generated.
            SettingNotSupportedError: If the runtime, or this model, does not support the setting.
        """


class LoadedModel(ABC):
    """A model that is ready to run.

    Args:
        setting: The setting in force, every field filled in.
        load_ms: Time to create the runnable model from the file, without importing the engine, in milliseconds.
        node_counts: How many nodes of the model each provider runs, where that is known without a run; see
            `count_nodes`.
        inputs: What each run is given, as `generated_inputs.generate_inputs` tells it; empty for a runtime that does
            not tell.
        is_node_count_derived: Whether node counts follow from the structure of the model, since the engine does not
            report what ran where.
    """

    clock: Clock = staticmethod(time.perf_counter_ns)
    """Monotonic clock, in nanoseconds. A runtime with virtual time replaces it."""

    def __init__(
        self,
        *,
        setting: Setting,
        load_ms: float,
        node_counts: Mapping[str, int] = MappingProxyType({}),
        inputs: tuple[GeneratedInput, ...] = (),
        is_node_count_derived: bool = False,
    ) -> None:
        self.setting = setting
        self.load_ms = load_ms
        self.node_counts = node_counts
        self.inputs = inputs
        self.is_node_count_derived = is_node_count_derived

    @abstractmethod
    def run_once(self) -> None:
        """Run the model once and wait for its outputs. The timed loop calls nothing else.

        Raises:
            RunFailedError: If the run failed inside the runtime.
        """

    def count_nodes(self) -> Mapping[str, int]:
        """Count the nodes that each provider runs, from the runtime's own profile or partition.

        Called at most once, after the last run, and not at all where the agent has the counts cached. It may take long,
        and the model need not be able to run afterwards.

        Returns:
            Number of nodes by name of the provider; empty where not reported.

        Raises:
            RunFailedError: If a run for counting failed.
        """
        return self.node_counts

    def read_graph(self) -> OptimizedGraph | None:
        """Return the graph that the engine made of the model, with what it tells of kernels, layouts and constants.

        Called at most once, after the last timed run and before `time_operators`, where the host asks for it; or after
        `load`, without a run. It may run the model where only a run tells its shapes, and `run_once` need not work
        afterwards. `graph_builder.GraphBuilder` keeps it within the bounds of the record.

        Returns:
            The graph; None where the engine does not report one.

        Raises:
            RunFailedError: If the graph cannot be read.
        """
        return None

    def time_operators(self) -> Sequence[OperatorTime]:
        """Time each operator in runs of their own, from the engine's own profile.

        Called after the last timed run and after `count_nodes`, where the host asks for it, and again where the times
        are far above the measured ones. It may take long, and `run_once` need not work afterwards.

        Returns:
            The operators in the order of execution; empty where the engine does not report their times.

        Raises:
            RunFailedError: If a run failed.
        """
        return ()

    def driver_version(self) -> str | None:
        """Return the version of the driver under the provider, where the engine tells it.

        Node counts that the agent remembers are counted again when it changes. It need not hold what the kernel and the
        loaded libraries show: the agent looks at those itself.
        """
        return None

    def read_conditions(self) -> Conditions:
        """Read the state of the device that runs the model."""
        return conditions.read_conditions()

    def read_core_wait_ms(self) -> float | None:
        """Read the time that the threads of this process have waited for a core so far.

        Returns:
            The time in milliseconds, on the time scale of `clock`; None where not reported.
        """
        return conditions.read_core_wait_ms()

    def read_thread_work_ns(self) -> Mapping[str, int] | None:
        """Read the CPU time of each thread of this process so far.

        Returns:
            Nanoseconds by thread id; None where not reported.
        """
        return conditions.read_thread_work_ns()

    def read_thread_cores(self) -> Mapping[str, int]:
        """Read on which logical core each thread of this process was last.

        Returns:
            Cores by the thread's number; empty where that is not known.
        """
        return conditions.read_thread_cores()

    def sleep(self, duration_s: float) -> None:
        """Wait, so that the device cools down.

        Args:
            duration_s: How long on `clock`, in seconds.
        """
        time.sleep(duration_s)

    def close(self) -> None:
        """Release the model. Called once, after the last run, also when a run failed."""
        return None


def resolve_setting(setting: Setting, runtime: RuntimeInfo) -> Setting:
    """Fill in every field that a setting leaves open.

    The default is the last of the providers (the most general), the first of the precisions, and the first value of
    each option.

    Args:
        setting: The setting as the host asked for it.
        runtime: What the runtime can do; it is available.

    Returns:
        The setting in force.

    Raises:
        SettingNotSupportedError: If the setting names anything that the runtime does not have.
    """
    provider = _choose("provider", setting.provider, runtime.providers[::-1], runtime)
    options = {option.name: option.values for option in runtime.options_of(provider)}
    for name in setting.options:
        others = [other for option in runtime.options if option.name == name for other in option.providers]
        if name not in options and others:
            raise SettingNotSupportedError(
                f"option {name!r} belongs to {', '.join(others)}, the setting's provider is {provider}; leave it out"
            )
        _choose("option", name, tuple(options), runtime)
    return Setting(
        runtime=runtime.name,
        runtime_version=_choose("runtime_version", setting.runtime_version, (runtime.version or "",), runtime),
        provider=provider,
        precision=_choose("precision", setting.precision, runtime.precisions, runtime),
        thread_count=setting.thread_count,
        batch_size=setting.batch_size,
        options={
            name: _choose(f"{name} option", setting.options.get(name, ""), values, runtime)
            for name, values in options.items()
        },
    )


def _choose(field: str, value: str, choices: tuple[str, ...], runtime: RuntimeInfo) -> str:
    if value and value not in choices:
        raise SettingNotSupportedError(
            f"{runtime.name} on this device has no {field} {value!r}; choose from: {', '.join(choices) or 'none'}"
        )
    return value or choices[0]
