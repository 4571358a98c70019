"""One part of a collection: a few networks measured in a session of their own, with the anchor of the whole.

A session reads all that it has measured before it takes the next step. So a collection of thousands is made of parts,
each a session that ends, and what came of a part is kept as its decision.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from edgeprof.devices.client import DeviceClient
from edgeprof.measuring.session import MeasurementSession
from edgeprof.onboarding.listener import OnboardingListener
from edgeprof.store import Store
from edgeprof.store.platform import Platform
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.job_spec import MeasurementPlan

PART_SIZE = 24
"""Networks of a part beside the anchor: an anchor more costs 4 % of the time, and reading a session stays cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedNetwork:
    """The latency of one network on one platform.

    Args:
        architecture: Text of the architecture.
        latency_ms: Its latency estimate in milliseconds.
        relative_sd: Standard deviation of the estimate, relative to it, drift of the device included.
        is_converged: Whether its measurements agree.
    """

    architecture: str
    latency_ms: float
    relative_sd: float
    is_converged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectedPart:
    """What came of one part on one platform.

    Args:
        networks: The networks that were measured, the anchor first where it is among them.
        failed: Texts of the architectures that could not be measured.
        anchor_ms: Latency estimate of the anchor in this part, in milliseconds; None where it could not be measured.
    """

    networks: tuple[CollectedNetwork, ...]
    failed: tuple[str, ...]
    anchor_ms: float | None


def parts_of(architectures: Sequence[str]) -> list[tuple[str, ...]]:
    """Return architectures part by part; the anchor, the first of all, begins each.

    Args:
        architectures: Texts of all architectures.
    """
    anchor, *others = architectures
    starts = range(0, max(len(others), 1), PART_SIZE)
    return [(anchor, *others[start : start + PART_SIZE]) for start in starts]


def collected_before(store: Store, platform: Platform, part: Sequence[str]) -> list[CollectedPart]:
    """Return what ended sessions have collected of a part: one, or several where it was shorter before.

    Args:
        store: Where they have written it.
        platform: The platform.
        part: Texts of the architectures, the anchor first.
    """
    found = [from_json(CollectedPart, item) for item in store.decisions(platform, purpose=_purpose(part))]
    return found[::-1]


def left_of(part: Sequence[str], collected: Sequence[CollectedPart]) -> tuple[str, ...]:
    """Return the anchor and what is left to measure of a part; nothing where all of it was tried.

    Args:
        part: Texts of the architectures, the anchor first.
        collected: What came of it before.
    """
    tried = {network.architecture for item in collected for network in item.networks}
    tried |= {text for item in collected for text in item.failed}
    left = [text for text in part if text not in tried]
    return (part[0], *(text for text in left if text != part[0])) if left else ()


def collect_part(
    client: DeviceClient,
    platform: Platform,
    store: Store,
    space: str,
    part: Sequence[str],
    *,
    seed: int,
    plan: MeasurementPlan,
    listener: OnboardingListener,
    **options: Any,
) -> CollectedPart:
    """Measure the networks of a part, each twice at least, and check the anchor in between.

    Args:
        client: The device.
        platform: The device with its setting.
        store: Where plans and results are written.
        space: Name of the search space.
        part: Texts of the architectures, the anchor first.
        seed: Seed by which they were drawn.
        plan: How long and how often to run each.
        listener: Is called at every measurement.
        options: Further arguments of `MeasurementSession`.

    Raises:
        OnboardingError: If too many networks in a row fail.
        EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
    """
    session_of = partial(MeasurementSession, client, platform, store, plan=plan, listener=listener)
    with (
        store.session(platform, space, seed, purpose=_purpose(part)) as record,
        session_of(record, **options) as session,
    ):
        planned = {probe.architecture for probe in session.probes()}
        session.plan([text for text in part if text not in planned])
        session.converge()
        estimates = session.latency_estimates()
        networks = tuple(
            CollectedNetwork(
                architecture=text,
                latency_ms=estimate.latency_ms,
                relative_sd=estimate.relative_sd,
                is_converged=estimate.is_converged,
            )
            for text, estimate in estimates.items()
        )
        collected = CollectedPart(
            networks=networks,
            failed=tuple(text for text in part if text not in estimates),
            anchor_ms=estimates[part[0]].latency_ms if part[0] in estimates else None,
        )
        store.record_decision(record, to_json(collected))
        session.end()
    return collected


def _purpose(part: Sequence[str]) -> str:
    """Purpose of a part's sessions in the store: the anchor and the first network name a part, however long it is."""
    return f"collection {hashlib.sha256(repr(part[:2]).encode()).hexdigest()[:32]}"
