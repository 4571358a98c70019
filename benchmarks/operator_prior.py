"""What the operators of a device bring to the onboarding of a search space: the measuring; `this_machine.py` is run.

One store holds everything: the probe suite, random networks of each space, and the samples of an onboarding with the
operators and of one without, all with times of operators. Figures are computed from it as often as wanted.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import edgeprof
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.local_agent import local_agent
from edgeprof.evaluating.known_bundles import bundle_of
from edgeprof.exporters.choice import choose_exporter
from edgeprof.measuring.goal import Goal
from edgeprof.measuring.session import MeasurementSession
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.onboarding import OnboardingListener
from edgeprof.onboarding.found_prior import operator_prior, operators_beside
from edgeprof.onboarding.method_choice import choose_method
from edgeprof.onboarding.operator_prior import OperatorPrior
from edgeprof.onboarding.procedure import PLAN, Onboarding
from edgeprof.store import Store
from edgeprof.store.platform import Platform, resolve_platform
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.spaces import SearchSpace, get_space
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SETTINGS: Final = {
    "onnxruntime": Setting(runtime="onnxruntime"),
    "onnxruntime-as-written": Setting(runtime="onnxruntime", options={"graph_optimization": "disabled"}),
    "openvino": Setting(runtime="openvino"),
}
SPACES: Final = ("nasbench201", "fbnet")

RANDOM_PLAN: Final = MeasurementPlan(
    warmup_run_count=3, warmup_duration_ms=100, timed_run_count=10, timed_duration_ms=600, block_count=6
)
"""A quarter of an onboarding's; each network is measured twice or more, with others in between."""

SAMPLE_COUNT: Final = 10

RANDOM: Final = "random networks"
WITH: Final = "onboarding with operators"
WITHOUT: Final = "onboarding without"
SEEDS: Final = {RANDOM: 5, WITH: 6, WITHOUT: 7}
"""Sessions of each space, with the seed by which the store tells them apart."""

_PURPOSE: Final = "benchmark of operators"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where everything is kept.

    Args:
        folder: The folder.
    """

    folder: Path

    @property
    def store(self) -> Path:
        """The store."""
        return self.folder / "store.sqlite3"

    @property
    def profiles(self) -> Path:
        """The operator models as they were fitted when measuring, which chose the samples."""
        return self.folder / "device.edgeprof"

    @property
    def models(self) -> Path:
        """Exported networks and graphs."""
        return self.folder / "models"

    def device(self) -> Device:
        """Return the device that was measured."""
        return from_json(Device, json.loads((self.folder / "device.json").read_text()))


def default_method(space: SearchSpace) -> DefaultMethod:
    """Return the default method as an onboarding uses it."""
    bundle = bundle_of(space.name, None)
    method = DefaultMethod.without_sources(space, seed=0) if bundle is None else bundle.method
    return method.for_pruned_graphs()


def measure(place: Place, settings: Sequence[str], spaces: Sequence[str], count: int) -> None:
    """Measure what is missing in a folder.

    Args:
        place: The folder.
        settings: Names of settings.
        spaces: Names of search spaces.
        count: Random networks of each space.
    """
    place.folder.mkdir(parents=True, exist_ok=True)
    with (
        # In the folder, so that an earlier run's device is met again.
        local_agent(place.folder / "agent") as address,
        edgeprof.connect(address) as client,
        Store(place.store) as store,
    ):
        (place.folder / "device.json").write_text(json.dumps(to_json(client.device())))
        for name in settings:
            setting = SETTINGS[name]
            platform = resolve_platform(client.device(), setting)
            if operators_beside(place.profiles, platform) is None:
                with _told(f"{name}: probe suite"):
                    edgeprof.onboard_models(
                        client, setting=setting, output=place.profiles, store=store, model_folder=place.models
                    )
            for space in spaces:
                _measure_space(place, client, store, platform, get_space(space), count)


def _measure_space(
    place: Place, client: DeviceClient, store: Store, platform: Platform, space: SearchSpace, count: int
) -> None:
    with _told(f"{platform.name}, {space.name}: graphs"):
        profile = operators_beside(place.profiles, platform)
        assert profile is not None
        prior = operator_prior(profile, space, choose_exporter(client.device(), platform.setting), place.models)
    for kind, plan in ((RANDOM, RANDOM_PLAN), (WITH, PLAN), (WITHOUT, PLAN)):
        record = store.resume_or_begin_session(platform, space.name, SEEDS[kind], purpose=_PURPOSE)
        with (
            _told(f"{platform.name}, {space.name}: {kind}"),
            MeasurementSession(
                client, platform, store, record, plan=plan, model_folder=place.models, wants_operators=True
            ) as session,
        ):
            if kind != RANDOM:
                _onboard(session, space, store, prior if kind == WITH else None)
                continue
            if not session.probes():
                session.plan(_random_networks(space, count))
            session.converge()


def _onboard(session: MeasurementSession, space: SearchSpace, store: Store, prior: OperatorPrior | None) -> None:
    choice = choose_method(default_method(space), DefaultMethod.name, None, seed=0)
    Onboarding(
        session,
        choice,
        goal=Goal(sample_count=SAMPLE_COUNT),
        listener=OnboardingListener(),
        time_ledger=TimeLedger(),
        store=store,
        prior=prior,
    ).run()


def _random_networks(space: SearchSpace, count: int) -> list[str]:
    """Draw networks whose output depends on their input and whose pruned graphs differ."""
    drawn = space.sample_choices(10 * count, seed=SEEDS[RANDOM])
    drawn = drawn[space.is_connected(drawn)]
    by_graph = {graph.tobytes(): row for graph, row in zip(space.pruned(drawn)[::-1], drawn[::-1], strict=True)}
    return [space.format(item) for item in space.architectures(list(by_graph.values())[::-1][:count])]


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Tell how long a step took."""
    begin_s = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - begin_s:.0f} s", file=sys.stderr, flush=True)
