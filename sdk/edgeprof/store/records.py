"""What the store returns: devices, sessions, the probes of a session and the attempts of a probe."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from edgeprof.store.given_inputs import NOTHING_GIVEN, GivenInputs
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement

ProbeState = Literal["planned", "measured", "failed"]

COMPARISON = "comparison"
"""First word of what a comparison's session is for: its probes are named after the two sides, not after models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A device that this host has connected to.

    Args:
        device: Its description when last seen.
        address: Where it was last seen, `host:port`.
        last_seen_time: When it was last seen.
    """

    device: Device
    address: str
    last_seen_time: datetime

    @property
    def name(self) -> str:
        """Board or host name."""
        return self.device.board or self.device.host_name


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementRequest:
    """What an attempt asks the device for, besides the model.

    Args:
        setting: How to run the model.
        plan: How long and how often.
        allow_fallback: Whether some nodes may run elsewhere than on the provider asked for.
        inputs: Shapes and values that it gives the model.
        wants_operators: Whether to time each operator in runs of their own.
        wants_graph: Whether to be told the graph that the engine makes of the model.
    """

    setting: Setting
    plan: MeasurementPlan
    allow_fallback: bool = False
    inputs: GivenInputs = NOTHING_GIVEN
    wants_operators: bool = False
    wants_graph: bool = False

    def as_json(self) -> dict[str, Any]:
        """The request in values of JSON; without what it does not ask for, as before that could be asked for."""
        values: dict[str, Any] = to_json(self)
        for name in ("inputs", "wants_operators", "wants_graph"):
            if not getattr(self, name):
                del values[name]
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt to measure a probe: a job of its own on the device, or a part of a series.

    Args:
        job_id: Id of the job, chosen before the device is asked; of a part of a series see `series_part_id`.
        number: Number among the attempts of the probe, from 1.
        request: What it asked for; None in stores of versions that did not keep it.
        sequence: The store's own number of the outcome, by which outcomes are ordered; None before there is one.
        reason: Why it failed, for machines: the agent's reason, the name of this host's exception, or empty for
            failures of versions that kept none; None where it did not fail.
        failure: Why it failed, for people; None where it did not fail.
        series_id: Id of the job that measures a series of models, this one among them; None where the job is its own.
    """

    job_id: str
    number: int
    request: MeasurementRequest | None
    sequence: int | None
    reason: str | None
    failure: str | None
    series_id: str | None = None


def series_part_id(series_id: str, model_sha256: str) -> str:
    """Return the id under which a store keeps what a series says of one of its models, as of a job of its own.

    Args:
        series_id: Id of the job.
        model_sha256: The model.
    """
    return f"{series_id}-{model_sha256[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One measurement that a session planned.

    Args:
        ordinal: Position in the session, from 0.
        architecture: Text of the architecture; "a" or "b" in a comparison.
        is_anchor_check: True where the anchor is measured again to see whether the device has drifted.
        state: Whether it is still to be measured, measured, or given up after a failure.
        measurement: The result; None unless `state` is `measured`.
        attempts: Its attempts so far, in their order.
        reopen_count: Times that it was given up and is to be measured all the same, since the device was the more
            likely cause.
    """

    ordinal: int
    architecture: str
    is_anchor_check: bool
    state: ProbeState
    measurement: Measurement | None
    attempts: tuple[Attempt, ...] = ()
    reopen_count: int = 0

    @property
    def open_attempt(self) -> Attempt | None:
        """The attempt that has no outcome yet; None where the next one is a new one."""
        return next((attempt for attempt in self.attempts if attempt.sequence is None), None)

    @property
    def sequence(self) -> int:
        """The store's own number of the last outcome, by which probes are ordered; 0 before there is one."""
        return max((attempt.sequence or 0 for attempt in self.attempts), default=0)

    @property
    def failure(self) -> str | None:
        """Why it was given up; None unless `state` is `failed`."""
        failures = [attempt.failure for attempt in self.attempts if attempt.failure is not None]
        return failures[-1] if self.state == "failed" and failures else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session of measurements on one platform.

    Args:
        session_id: Random id; job ids begin with it.
        space: Name of the search space; empty for a comparison.
        seed: Seed of its random choices.
        is_resumed: True where the store held the session, unfinished.
    """

    session_id: str
    space: str
    seed: int
    is_resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStatus:
    """Status of a session with some number of samples.

    Args:
        sample_count: Number of samples.
        sequence: Number of the last outcome that it takes into account.
        record: The status as the procedure that runs the session describes it, in values of JSON.
    """

    sample_count: int
    sequence: int
    record: dict[str, Any]
