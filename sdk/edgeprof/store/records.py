"""What the store returns: devices, sessions and the probes of a session."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from edgeprof_proto.records.device import Device
from edgeprof_proto.records.measurement import Measurement

ProbeState = Literal["planned", "measured", "failed"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One measurement that a session planned.

    Args:
        job_id: Id of the job on the device, chosen before the device is asked.
        ordinal: Position in the session, from 0.
        architecture: Text of the architecture.
        is_anchor_check: True where the anchor is measured again to see whether the device has drifted.
        state: Whether it is planned, measured or failed.
        measurement: The result; None unless `state` is `measured`.
        failure: Why it failed, where `state` is `failed`.
    """

    job_id: str
    ordinal: int
    architecture: str
    is_anchor_check: bool
    state: ProbeState
    measurement: Measurement | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session of measurements of one search space on one platform.

    Args:
        session_id: Random id; job ids begin with it.
        space: Name of the search space.
        seed: Seed of its random choices.
        is_resumed: True where the store held the session, unfinished.
    """

    session_id: str
    space: str
    seed: int
    is_resumed: bool
