"""The anchor: the first network of a session, measured again now and then to detect whether the device has changed.

Disturbances only slow a device down, so the fastest windows of all measurements of the anchor estimate its latency on
the undisturbed device. Probes between two measurements of the anchor form a segment. Where the anchor was slower than
its estimate at either end of a segment, the device may have been slower for all of it: the probes of the segment get a
drift uncertainty.
"""

import math
from collections.abc import Sequence

from edgeprof.measuring.latency_estimate import LatencyEstimate, estimate_latency
from edgeprof.store import Probe
from edgeprof_proto.records.measurement import Measurement

CHECK_INTERVAL = 5
"""Probes between two measurements of the anchor: a sixth of the time, and at most five probes to repeat."""

SLOWER_LOG_RATIO = 0.03
"""The anchor was slower if it took more than 3 % longer: two workers on a quiet device differ by less."""

SLOWER_SD_COUNT = 3.0
"""... and more than three standard deviations of the two estimates, so that noise is not taken for drift."""


def anchor_of(probes: Sequence[Probe]) -> Probe | None:
    """The probe that was measured first; None before there is one."""
    return next((probe for probe, _ in _in_order(probes)), None)


def open_segment(probes: Sequence[Probe]) -> list[Probe]:
    """The measured probes that no later check of the anchor closes yet, the anchor itself not among them.

    A check that failed closes a segment as well: a device that cannot measure its anchor any more goes on without.
    """
    anchor = anchor_of(probes)
    segment: list[Probe] = []
    for probe in sorted(probes, key=lambda probe: probe.sequence):
        if probe.state != "planned" and (probe is anchor or probe.is_anchor_check):
            segment = []
        elif probe.state == "measured":
            segment.append(probe)
    return segment


def latency_estimates(probes: Sequence[Probe]) -> dict[str, LatencyEstimate]:
    """Estimate the latency of each measured network from all its measurements, with the drift uncertainty.

    The drift uncertainty is the smallest among the measurements that the estimate uses. Where two of them agree, the
    anchor counts as slower only where it was slower at both ends: a passing slowdown does not affect two measurements
    equally, a lasting one does.

    Returns:
        Estimates by architecture.
    """
    measured: dict[str, list[tuple[Probe, Measurement]]] = {}
    for probe, measurement in _in_order(probes):
        measured.setdefault(probe.architecture, []).append((probe, measurement))
    found = {text: estimate_latency([measurement for _, measurement in pairs]) for text, pairs in measured.items()}
    anchor = anchor_of(probes)
    if anchor is None:
        return found
    ends = _slower_at_ends(probes, found[anchor.architecture])
    for text, pairs in measured.items():
        if text != anchor.architecture:
            counts = found[text].window_counts
            used = [ends[probe.ordinal] for (probe, _), count in zip(pairs, counts, strict=True) if count]
            found[text] = found[text].with_drift_uncertainty(_drift_uncertainty(used))
    return found


def _slower_at_ends(probes: Sequence[Probe], anchor_estimate: LatencyEstimate) -> dict[int, tuple[float, float]]:
    """How much slower than its estimate the anchor was before and after each measured probe, by ordinal.

    Returns:
        Natural logarithms of the ratio; 0 where it is within noise, or not known yet.
    """
    measured, anchor = _in_order(probes), anchor_of(probes)
    found: dict[int, tuple[float, ...]] = {}
    for ordered in (measured, measured[::-1]):
        excess = 0.0
        for probe, measurement in ordered:
            if probe is anchor or probe.is_anchor_check:
                excess = _excess(anchor_estimate, measurement)
            found[probe.ordinal] = (*found.get(probe.ordinal, ()), excess)
    return {ordinal: (before, after) for ordinal, (before, after) in found.items()}


def _drift_uncertainty(ends: list[tuple[float, float]]) -> float:
    """Drift uncertainty of an estimate, from how much slower the anchor was at either end of each measurement."""
    smallest = min(max(pair) for pair in ends)
    return min(smallest, sorted(min(pair) for pair in ends)[1]) if len(ends) > 1 else smallest


def _in_order(probes: Sequence[Probe]) -> list[tuple[Probe, Measurement]]:
    """The measured probes in the order in which they were measured, which need not be that of the plan.

    The order is the host's own: the clock of a device may be set at any time.
    """
    measured = [(probe, probe.measurement) for probe in probes if probe.measurement is not None]
    return sorted(measured, key=lambda pair: pair[0].sequence)


def _excess(anchor_estimate: LatencyEstimate, measurement: Measurement) -> float:
    found = estimate_latency([measurement])
    log_ratio = math.log(found.latency_ms / anchor_estimate.latency_ms)
    noise = math.hypot(anchor_estimate.relative_sd, found.relative_sd)
    return log_ratio if log_ratio > max(SLOWER_LOG_RATIO, SLOWER_SD_COUNT * noise) else 0.0
