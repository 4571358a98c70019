"""The anchor: the first network of an onboarding, measured again now and then to see whether the device has changed.

The probes between two measurements of the anchor form a segment. Where the anchor has moved across a segment, nobody
knows at which of the two speeds its probes ran: they are spoilt and measured again.
"""

import math
from dataclasses import dataclass

from edgeprof.store import Probe
from edgeprof.uncertainty import median_relative_sd
from edgeprof_proto.records import Measurement

CHECK_INTERVAL = 5
"""Probes between two measurements of the anchor: a sixth of the time, and at most five probes to repeat."""

MOVED_LOG_RATIO = 0.03
"""The anchor has moved if its median changed by more than 3 %: less is what two workers on a quiet device differ."""

MOVED_SD_COUNT = 3.0
"""... and by more than three standard deviations of the two medians: a noisy device is not a drifting one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorChange:
    """What the last check of the anchor said.

    Args:
        log_ratio: Natural logarithm of new over old median.
        has_moved: True where that is more than noise.
    """

    log_ratio: float
    has_moved: bool


def compare_anchor(before: Measurement, after: Measurement) -> AnchorChange:
    """Compare two measurements of the anchor."""
    log_ratio = math.log(after.median_ms / before.median_ms)
    noise = math.hypot(median_relative_sd(before), median_relative_sd(after))
    has_moved = abs(log_ratio) > max(MOVED_LOG_RATIO, MOVED_SD_COUNT * noise)
    return AnchorChange(log_ratio=log_ratio, has_moved=has_moved)


def anchor_of(probes: list[Probe]) -> Probe | None:
    """The first probe that was measured; None before there is one."""
    return next((probe for probe in probes if probe.measurement is not None), None)


def anchor_measurements(probes: list[Probe]) -> list[Measurement]:
    """All measurements of the anchor, oldest first."""
    anchor = anchor_of(probes)
    return [
        probe.measurement
        for probe in probes
        if probe.measurement is not None and (probe is anchor or probe.is_anchor_check)
    ]


def open_segment(probes: list[Probe]) -> list[Probe]:
    """The measured probes that no later measurement of the anchor confirms yet, the anchor itself not among them."""
    anchor = anchor_of(probes)
    segment: list[Probe] = []
    for probe in probes:
        if probe is anchor or (probe.is_anchor_check and probe.measurement is not None):
            segment = []
        elif probe.state == "measured":
            segment.append(probe)
    return segment


def drift_log_ratios(probes: list[Probe]) -> dict[str, float]:
    """How much slower the anchor is now than at the end of each probe's segment, as a logarithm, by job id.

    What the device did between two confirmed segments adds to the uncertainty of the earlier one.
    """
    anchor = anchor_of(probes)
    latest = reference = anchor_measurements(probes)[-1].median_ms
    ratios: dict[str, float] = {}
    for probe in reversed(probes):
        if probe.measurement is not None and (probe is anchor or probe.is_anchor_check):
            reference = probe.measurement.median_ms
        ratios[probe.job_id] = math.log(latest / reference)
    return ratios
