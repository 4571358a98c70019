"""Latencies on reference platforms, measured through agents: the input of an HWL encoding."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from edgeprof.arguments import as_list
from edgeprof.devices.client import DeviceClient
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.listener import SessionListener
from edgeprof.measuring.session import MeasurementSession
from edgeprof.store import Store, opened
from edgeprof.store.platform import resolve_platform
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_proto.records.job_spec import Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePlatform:
    """A platform whose latencies describe a network to predictors of other platforms.

    Args:
        client: The device.
        setting: How the networks run there.
    """

    client: DeviceClient
    setting: Setting


def measure_references(
    references: Mapping[str, ReferencePlatform],
    space: str,
    architectures: Sequence[str],
    *,
    store: Store | str | os.PathLike[str] | None = None,
    model_folder: str | os.PathLike[str] | None = None,
    listener: SessionListener | None = None,
) -> LatencyTable:
    """Measure networks on every reference platform.

    Each platform measures as an onboarding does: every network twice or more, the first as anchor between the others.
    Every measurement is in the store before the next begins; called again after an interruption with the same
    networks, it resumes.

    Args:
        references: By the name under which encodings and predictors know them.
        space: Name of the search space.
        architectures: Texts in its notation, two or more.
        store: Where the measurements go; None for the user's own.
        model_folder: Where exported networks are kept; None for the user's cache.
        listener: Is called at every measurement.

    Returns:
        The latencies; a network that failed on one platform is left out for all.

    Raises:
        EdgeprofError: If a device cannot be reached, refuses the setting, or fails too often; if too few networks are
            left.
        ArchitectureError: If a text names no architecture of the space.
    """
    known = get_space(space)
    texts = list(dict.fromkeys(known.format(known.parse(text)) for text in as_list(architectures, str)))
    if len(texts) < 2 or not references:
        raise EdgeprofError(
            f"a table of reference latencies needs two different networks and one platform, got {len(texts)} and "
            f"{len(references)}: name more"
        )
    with opened(store) as store, ExitStack() as stack:
        sessions = {
            name: stack.enter_context(_measured_session(reference, space, texts, store, model_folder, listener))
            for name, reference in references.items()
        }
        measured = {name: _latencies_ms(session) for name, session in sessions.items()}
        # Only now: while one device has not finished, the others' measurements are kept for the same call.
        for session in sessions.values():
            session.end()
    everywhere = [text for text in texts if all(text in latencies for latencies in measured.values())]
    if len(everywhere) < 2:
        raise EdgeprofError(
            f"{len(everywhere)} of {len(texts)} networks were measured on all of {len(measured)} reference platforms, "
            "two are needed: name more, or mend the devices"
        )
    return LatencyTable(
        platforms=tuple(measured),
        choices=known.choices([known.parse(text) for text in everywhere]),
        latency_ms=np.array([[latencies[text] for text in everywhere] for latencies in measured.values()]),
    )


@contextmanager
def _measured_session(
    reference: ReferencePlatform,
    space: str,
    texts: Sequence[str],
    store: Store,
    model_folder: str | os.PathLike[str] | None,
    listener: SessionListener | None,
) -> Iterator[MeasurementSession]:
    """Measure on one platform, and yield the session, which has not ended."""
    device = reference.client.device()
    store.record_device(device, reference.client.address, agent_version=reference.client.agent_version)
    platform = resolve_platform(device, reference.setting)
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
    with store.session(platform, space, 0, purpose=f"reference {digest}") as record:
        session = MeasurementSession(
            reference.client, platform, store, record, model_folder=model_folder, listener=listener
        )
        if not session.probes():
            session.plan(texts)
        session.converge()
        yield session


def _latencies_ms(session: MeasurementSession) -> dict[str, float]:
    """The latencies of one platform by architecture, in milliseconds."""
    return {text: estimate.latency_ms for text, estimate in session.latency_estimates().items()}
