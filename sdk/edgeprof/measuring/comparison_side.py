"""The two sides of a comparison, made ready and checked before the first of them is measured."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeprof.devices.model_files import find_model_files
from edgeprof.errors import ModelFileError
from edgeprof.measuring.attempt import AttemptRunner, FailedAttempt
from edgeprof.measuring.candidate import Candidate
from edgeprof.measuring.model_sources import ModelSources, ReadyModel, default_setting_for
from edgeprof.measuring.setting_check import require_exportable, require_offered, require_runnable
from edgeprof.network_source import is_network_source
from edgeprof.store import MeasurementRequest, Probe
from edgeprof.store.platform import Platform, resolve_platform
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job import Job
from edgeprof_proto.records.job_spec import MeasurementPlan
from edgeprof_proto.records.measurement import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonSide:
    """One of the two, with what is asked of the device.

    Args:
        candidate: What was named, with its setting filled in.
        ready: The files that the device is given.
        platform: The platform that runs it.
        request: What each attempt asks for.
    """

    candidate: Candidate
    ready: ReadyModel
    platform: Platform
    request: MeasurementRequest

    def measure(
        self, runner: AttemptRunner, probe: Probe, on_waiting: Callable[[Job], None]
    ) -> Measurement | FailedAttempt:
        """Make an attempt to measure it.

        Args:
            runner: Makes it.
            probe: The probe of the session that it is for.
            on_waiting: Called with the job where it has to wait for others.
        """
        return runner.run(
            probe,
            self.platform,
            self.request,
            self.ready.path,
            inputs=self.ready.inputs,
            model_name=self.candidate.model_name,
            on_waiting=on_waiting,
        )


def ready_sides(
    sources: ModelSources,
    a: Candidate | str | os.PathLike[str],
    b: Candidate | str | os.PathLike[str],
    plan: MeasurementPlan | None,
    *,
    allow_fallback: bool,
) -> dict[str, ComparisonSide]:
    """Return both sides, once it is known that the device can run both.

    Args:
        sources: Makes models for the device.
        a: The first candidate; a file or a torch module runs in the default setting of the device.
        b: The second.
        plan: How long and how often each job runs its model; None for the agent's default.
        allow_fallback: Whether nodes may run elsewhere than on the provider asked for.

    Raises:
        InvalidArgumentError: If a shape or values are given for a name that neither has.
        EdgeprofError: If the device or this host cannot do what one of them needs.
    """
    candidates = {"a": _with_setting(a, sources.device), "b": _with_setting(b, sources.device)}
    for candidate in candidates.values():
        # Before the first is exported, which may take a while.
        _require_setting(candidate, sources.device)
    sides = {
        name: _side(candidate, sources, candidates["a"], plan, allow_fallback=allow_fallback)
        for name, candidate in candidates.items()
    }
    sources.require_all_known()
    sources.release()
    return sides


def comparison_digest(sides: Mapping[str, ComparisonSide], device: Device) -> str:
    """Digest of what is compared: a comparison of other files, settings, inputs or plans must not resume this one.

    Args:
        sides: Both sides.
        device: The device as its agent describes it.
    """
    formats = {info.name: info.model_formats for info in device.runtimes}
    models = {
        name: find_model_files(side.ready.path, formats.get(runtime, ()), runtime).sha256()
        for name, side in sides.items()
        for runtime in [side.request.setting.runtime]
    }
    identity = [models, {name: side.request.as_json() for name, side in sides.items()}]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]


def _with_setting(candidate: Candidate | str | os.PathLike[str], device: Device) -> Candidate:
    if not isinstance(candidate, Candidate):
        candidate = Candidate(name=Path(candidate).name, model=Path(candidate))
    setting = candidate.setting or default_setting_for(device, candidate.model)
    return dataclasses.replace(candidate, setting=setting)


def _require_setting(candidate: Candidate, device: Device) -> None:
    assert candidate.setting is not None  # filled in
    check = require_exportable if is_network_source(os.fspath(candidate.model)) else require_offered
    check(device, candidate.setting)


def _side(
    candidate: Candidate, sources: ModelSources, a: Candidate, plan: MeasurementPlan | None, *, allow_fallback: bool
) -> ComparisonSide:
    ready = sources.model_for(candidate.model, candidate.setting)
    try:
        require_runnable(sources.device, ready.setting, ready.path)
    except ModelFileError as error:
        if candidate is a or candidate.model != a.model:
            raise
        raise ModelFileError(
            f"{error}; A and B are this one file: give B a second one, which {ready.setting.runtime} reads"
        ) from error
    platform = resolve_platform(sources.device, ready.setting, ready.given_inputs())
    request = MeasurementRequest(
        setting=platform.setting,
        plan=plan or MeasurementPlan(),
        allow_fallback=allow_fallback,
        inputs=platform.inputs,
    )
    return ComparisonSide(candidate=candidate, ready=ready, platform=platform, request=request)
