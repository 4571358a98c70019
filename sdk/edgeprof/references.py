"""Measure architectures on reference platforms: latencies elsewhere, for predictors that read them."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from edgeprof.client import DeviceClient
from edgeprof.costs import CostLedger
from edgeprof.errors import OnboardingError
from edgeprof.export import default_model_folder
from edgeprof.listener import SessionListener
from edgeprof.platform import resolve_platform
from edgeprof.probing import ProbeSession
from edgeprof.store import Store
from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records import MeasurementPlan, Setting

PURPOSE = "references"
"""What the store calls a session of this purpose."""


def measure_references(
    references: Mapping[str, tuple[DeviceClient, Setting]],
    space: str,
    architectures: Sequence[str],
    *,
    store: Store | None = None,
    seed: int = 0,
    plan: MeasurementPlan | None = None,
    model_folder: Path | None = None,
    listener: SessionListener | None = None,
) -> LatencyTable:
    """Measure the same architectures on several platforms, one after the other.

    Each result is on disk before the next measurement. Called again after an interruption with the same platforms,
    space and seed, it goes on where it stopped.

    Args:
        references: Device and setting of each, by the name that predictors know it by.
        space: Name of the search space.
        architectures: In the notation of the space.
        store: Where the measurements go; None for the user's own.
        seed: Tells this measurement from another one of the same platforms.
        plan: How long and how often each model runs.
        model_folder: Where exported networks are kept; None for the user's cache.
        listener: Hears about every measurement.

    Returns:
        Milliseconds of every architecture that all references could run.

    Raises:
        ArchitectureError: If a text names no architecture of the space, before anything is measured.
        OnboardingError: If too many measurements fail, or no architecture ran on all references.
        AgentUnavailableError: If a device stays silent.
    """
    parsed = get_space(space)
    wanted = list(dict.fromkeys(parsed.format(parsed.parse(text)) for text in architectures))
    measured: dict[str, dict[str, float]] = {}
    with contextlib.ExitStack() as resources:
        store = store or resources.enter_context(Store())
        for name, (client, setting) in references.items():
            platform = resolve_platform(client.device(), setting)
            probing = ProbeSession(
                client,
                platform,
                store,
                store.resume_or_begin_session(platform, space, seed, purpose=PURPOSE),
                plan=plan or MeasurementPlan(),
                model_folder=model_folder or default_model_folder(),
                listener=listener or SessionListener(),
                costs=CostLedger(),
            )
            known = {probe.architecture for probe in probing.probes()}
            probing.plan([text for text in wanted if text not in known])
            probing.measure_planned()
            probing.settle()
            probing.end()
            measured[name] = {text: pace.latency_ms for text, pace in probing.paces().items()}
    on_all = [text for text in wanted if all(text in found for found in measured.values())]
    if not measured or not on_all:
        raise OnboardingError(f"no architecture of {len(wanted)} ran on all of the {len(measured)} references")
    return LatencyTable(
        platforms=tuple(measured),
        choices=parsed.choices([parsed.parse(text) for text in on_all]),
        latency_ms=np.array([[found[text] for text in on_all] for found in measured.values()]),
    )
