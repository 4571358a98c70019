"""The anchor: the first network of a session, measured again now and then to see whether the device has changed.

Many things can slow a device down and nothing makes it faster than it is, so the fastest blocks of all measurements of
the anchor tell its true pace. Probes between two measurements of the anchor form a segment. Where the anchor was slower
at either end, nobody knows at which pace the probes of the segment ran: they are in doubt.
"""

import math

from edgeprof.measuring.latency_estimate import Pace, pace_of
from edgeprof.measuring.uncertainty import median_relative_sd
from edgeprof.store import Probe
from edgeprof_proto.records.measurement import Measurement

CHECK_INTERVAL = 5
"""Probes between two measurements of the anchor: a sixth of the time, and at most five probes to repeat."""

SLOWER_LOG_RATIO = 0.03
"""The anchor was slower if it took more than 3 % longer: less is what two workers on a quiet device differ."""

SLOWER_SD_COUNT = 3.0
"""... and more than three standard deviations of the two medians: a noisy device is not a slower one."""


def anchor_of(probes: list[Probe]) -> Probe | None:
    """The probe that was measured first; None before there is one."""
    return next((probe for probe, _ in _in_order(probes)), None)


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


def paces(probes: list[Probe]) -> dict[str, Pace]:
    """The pace of each network that was measured, over all its tries, with the doubt that the anchor throws on it.

    The doubt is the least among the tries that tell the pace. Where two of them agree, only an anchor that was slower
    at both ends counts: what comes and goes does not slow two tries alike, a device that stays slow does.

    Returns:
        Paces by architecture.
    """
    tries: dict[str, list[tuple[Probe, Measurement]]] = {}
    for probe, measurement in _in_order(probes):
        tries.setdefault(probe.architecture, []).append((probe, measurement))
    found = {text: pace_of([measurement for _, measurement in pairs]) for text, pairs in tries.items()}
    anchor = anchor_of(probes)
    if anchor is None:
        return found
    ends = _slower_at_ends(probes, found[anchor.architecture])
    for text, pairs in tries.items():
        if text != anchor.architecture:
            counts = found[text].block_counts
            telling = [ends[probe.job_id] for (probe, _), count in zip(pairs, counts, strict=True) if count]
            found[text] = found[text].slowed_down(_doubt(telling))
    return found


def _slower_at_ends(probes: list[Probe], reference: Pace) -> dict[str, tuple[float, float]]:
    """How much slower than its pace the anchor was before and after each measured probe, by job id.

    Returns:
        Natural logarithms; 0 where it is noise, or not known yet.
    """
    measured, anchor = _in_order(probes), anchor_of(probes)
    found: dict[str, tuple[float, ...]] = {}
    for ordered in (measured, measured[::-1]):
        excess = 0.0
        for probe, measurement in ordered:
            if probe is anchor or probe.is_anchor_check:
                excess = _excess(reference, measurement)
            found[probe.job_id] = (*found.get(probe.job_id, ()), excess)
    return {job_id: (before, after) for job_id, (before, after) in found.items()}


def _doubt(ends: list[tuple[float, float]]) -> float:
    """What the tries that tell a pace leave in doubt, given how much slower the anchor was at either end of each."""
    least = min(max(pair) for pair in ends)
    return min(least, sorted(min(pair) for pair in ends)[1]) if len(ends) > 1 else least


def _in_order(probes: list[Probe]) -> list[tuple[Probe, Measurement]]:
    """The measured probes in the order in which they were measured, which need not be that of the plan."""
    measured = [(probe, probe.measurement) for probe in probes if probe.measurement is not None]
    return sorted(measured, key=lambda pair: pair[1].start_time)


def _excess(reference: Pace, measurement: Measurement) -> float:
    log_ratio = math.log(measurement.median_ms / reference.latency_ms)
    noise = math.hypot(reference.relative_sd, median_relative_sd(measurement))
    return log_ratio if log_ratio > max(SLOWER_LOG_RATIO, SLOWER_SD_COUNT * noise) else 0.0
