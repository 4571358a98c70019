"""What a session does next: a function of the probes that are written down, and of nothing else.

So a session that was interrupted goes on exactly as an undisturbed one would, wherever it was interrupted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.measuring.anchor import CHECK_INTERVAL, anchor_of, latency_estimates, open_segment
from edgeprof.store import Probe

MAX_MEASUREMENT_COUNT = 4
"""Measurements of one architecture at most: on a device whose estimates never converge a session must end as well."""


@dataclass(frozen=True, slots=True)
class MeasureProbe:
    """Measure this probe."""

    probe: Probe


@dataclass(frozen=True, slots=True)
class CheckAnchor:
    """Plan a check of the anchor."""

    architecture: str


@dataclass(frozen=True, slots=True)
class MeasureAgain:
    """Plan another measurement of each of these architectures, whose estimates have not converged."""

    architectures: tuple[str, ...]


Step = MeasureProbe | CheckAnchor | MeasureAgain


def next_step(probes: Sequence[Probe], *, is_closing: bool = False) -> Step | None:
    """The next step of a session; None where nothing is left to do.

    Args:
        probes: All probes of the session.
        is_closing: Whether no other networks will follow: the anchor is then checked a last time, and every network
            whose estimate has not converged is measured again.
    """
    planned = [probe for probe in probes if probe.state == "planned"]
    checks = [probe for probe in planned if probe.is_anchor_check]
    if checks:
        return MeasureProbe(checks[0])
    anchor, segment = anchor_of(probes), open_segment(probes)
    if anchor is not None and len(segment) >= CHECK_INTERVAL:
        return CheckAnchor(anchor.architecture)
    if anchor is not None and not segment and (again := _unconverged(probes, anchor)):
        return MeasureAgain(again)
    if planned:
        return MeasureProbe(planned[0])
    if anchor is not None and segment and is_closing:
        return CheckAnchor(anchor.architecture)
    return None


def last_measured(probes: Sequence[Probe]) -> list[Probe]:
    """The last measured probe of each network, checks of the anchor excluded, by the network's first measurement.

    A later measurement that failed does not remove an earlier one.
    """
    measured: dict[str, Probe] = {}
    for probe in sorted(probes, key=lambda probe: probe.sequence):
        if probe.measurement is not None and not probe.is_anchor_check:
            measured[probe.architecture] = probe
    return list(measured.values())


def measurement_counts(probes: Sequence[Probe]) -> Counter[str]:
    """Times that each architecture was planned, checks of the anchor excluded."""
    return Counter(probe.architecture for probe in probes if not probe.is_anchor_check)


def _unconverged(probes: Sequence[Probe], anchor: Probe) -> tuple[str, ...]:
    """The measured networks that are to be measured again; those that are planned again already are not among them."""
    found, counts = latency_estimates(probes), measurement_counts(probes)
    # One that failed since it was measured would fail again.
    excluded = {anchor.architecture}
    excluded |= {probe.architecture for probe in probes if not probe.is_anchor_check and probe.state != "measured"}
    return tuple(
        probe.architecture
        for probe in last_measured(probes)
        if probe.architecture not in excluded
        and counts[probe.architecture] < MAX_MEASUREMENT_COUNT
        and not found[probe.architecture].is_converged
    )
