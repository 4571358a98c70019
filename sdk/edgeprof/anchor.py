"""The anchor: the first network of a session, measured again now and then to see whether the device has changed.

Many things can slow a device down and nothing makes it faster than it is, so the fastest measurement of the anchor
tells its true pace. Probes between two measurements of the anchor form a segment. Where the anchor was slower at either
end, nobody knows at which pace the probes of the segment ran: they are doubtful.
"""

import math

from edgeprof.store import Probe
from edgeprof.uncertainty import median_relative_sd
from edgeprof_proto.records import Measurement

CHECK_INTERVAL = 5
"""Probes between two measurements of the anchor: a sixth of the time, and at most five probes to repeat."""

SLOWER_LOG_RATIO = 0.03
"""The anchor was slower if it took more than 3 % longer: less is what two workers on a quiet device differ."""

SLOWER_SD_COUNT = 3.0
"""... and more than three standard deviations of the two medians: a noisy device is not a slower one."""


def anchor_of(probes: list[Probe]) -> Probe | None:
    """The probe that was measured first; None before there is one."""
    return next((probe for probe, _ in _in_order(probes)), None)


def fastest_anchor(probes: list[Probe]) -> Measurement:
    """The measurement of the anchor that tells the device's true pace. At least one probe must be measured."""
    anchor = anchor_of(probes)
    return min(
        (measurement for probe, measurement in _in_order(probes) if probe is anchor or probe.is_anchor_check),
        key=lambda measurement: measurement.median_ms,
    )


def open_segment(probes: list[Probe]) -> list[Probe]:
    """The measured probes that no later measurement of the anchor closes yet, the anchor itself not among them."""
    anchor = anchor_of(probes)
    segment: list[Probe] = []
    for probe, _ in _in_order(probes):
        if probe is anchor or probe.is_anchor_check:
            segment = []
        elif probe.state == "measured":
            segment.append(probe)
    return segment


def slowdowns(probes: list[Probe]) -> dict[str, float]:
    """By how much the device was slower than its true pace around each measured probe, by job id.

    Returns:
        Natural logarithms of the anchor's excess at the worse end of the probe's segment; 0 where it is noise. Zero for
        the anchor, whose fastest measurement stands for it.
    """
    measured = _in_order(probes)
    if not measured:
        return {}
    reference, anchor = fastest_anchor(probes), measured[0][0]
    found = dict.fromkeys((probe.job_id for probe, _ in measured), 0.0)
    for ordered in (measured, measured[::-1]):
        excess = 0.0
        for probe, measurement in ordered:
            if probe is anchor or probe.is_anchor_check:
                excess = _excess(reference, measurement)
            if probe is not anchor:
                found[probe.job_id] = max(found[probe.job_id], excess)
    return found


def _in_order(probes: list[Probe]) -> list[tuple[Probe, Measurement]]:
    """The measured probes in the order in which they were measured, which need not be that of the plan."""
    measured = [(probe, probe.measurement) for probe in probes if probe.measurement is not None]
    return sorted(measured, key=lambda pair: pair[1].start_time)


def _excess(reference: Measurement, measurement: Measurement) -> float:
    log_ratio = math.log(measurement.median_ms / reference.median_ms)
    noise = math.hypot(median_relative_sd(reference), median_relative_sd(measurement))
    return log_ratio if log_ratio > max(SLOWER_LOG_RATIO, SLOWER_SD_COUNT * noise) else 0.0
