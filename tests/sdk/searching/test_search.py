"""A search with the simulated device in the loop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sdk.search_world import SPACE, TASK, cells, profile_of, write_table

import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.searching import AccuracyTable, Budget, DeviceSearchListener, Found
from edgeprof.store.platform import resolve_platform
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.bundle import load_bundle


class Recorded(DeviceSearchListener):
    """Notes what is measured and trained."""

    def __init__(self) -> None:
        self.measured: list[str] = []
        self.trained: list[str] = []

    def on_measured(self, number: int, found: Found) -> None:
        self.measured.append(found.architecture)

    def on_trained(self, number: int, found: Found) -> None:
        self.trained.append(found.architecture)


def test_leaders_are_measured_and_only_what_keeps_the_limit_is_trained(
    simulated_device: SimulatedDevice, tmp_path: Path
) -> None:
    truth = simulated_device.true_latencies_ms(SPACE, SPACE.architectures(cells()[:5]))
    limit_ms = float(np.median(truth))
    table = AccuracyTable(path=write_table(tmp_path / "table.npz"), task=TASK)
    recorded = Recorded()
    with edgeprof.connect(simulated_device.address) as client:
        platform = resolve_platform(client.device(), simulated_device.setting)
        # Samples that flatter the device: measuring has to find out.
        profile = profile_of(0.9 * truth[:4], platform.facts())

        def search(training_count: int) -> edgeprof.searching.SearchResult:
            return edgeprof.search(
                "nasbench201",
                table,
                profiles=[profile],
                latency_limit_ms=limit_ms,
                client=client,
                budget=Budget(training_count=training_count, measurement_count=3),
                state=tmp_path / "state",
                listener=recorded,
            )

        first = search(1)
        result = search(2)
    chosen_ms = simulated_device.true_latencies_ms(SPACE, [SPACE.parse(result.chosen.architecture)])
    assert first.chosen.is_measured
    assert result.chosen.keeps_limit
    assert chosen_ms[0] <= limit_ms
    assert result.trained[0] == first.trained[0]
    assert len(recorded.trained) == len(set(recorded.trained)) == len(result.trained)
    assert len(recorded.measured) == len(set(recorded.measured)) == result.measurement_count <= 3


def test_a_profile_of_another_device_is_refused(simulated_device: SimulatedDevice, tmp_path: Path) -> None:
    table = AccuracyTable(path=write_table(tmp_path / "table.npz"), task=TASK)
    with edgeprof.connect(simulated_device.address) as client:
        facts = resolve_platform(client.device(), simulated_device.setting).facts()
        profile = profile_of(np.array([1.0, 2.0, 3.0]), facts | {"device_id": "another"})
        with pytest.raises(EdgeprofError, match="no profile belongs to the device"):
            edgeprof.search("nasbench201", table, profiles=[profile], client=client)


def test_a_device_without_a_profile_is_onboarded_with_a_bundle_once(
    simulated_device: SimulatedDevice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeprof.searching.onboarding.SAMPLE_COUNT", 3)
    table = AccuracyTable(path=write_table(tmp_path / "table.npz"), task=TASK)
    load_bundle("nasbench201").write(tmp_path / "mine.bundle")
    with edgeprof.connect(simulated_device.address) as client:

        def search() -> edgeprof.searching.SearchResult:
            return edgeprof.search(
                "nasbench201",
                table,
                client=client,
                bundle=tmp_path / "mine.bundle",
                budget=Budget(training_count=1, measurement_count=1),
                state=tmp_path / "state",
            )

        search()
        kept = (tmp_path / "state.edgeprof").read_bytes()
        result = search()
    assert result.chosen.is_measured
    assert (tmp_path / "state.edgeprof").read_bytes() == kept
    with pytest.raises(EdgeprofError, match="a bundle onboards the device of a search, and none is named"):
        edgeprof.search("nasbench201", table, bundle=tmp_path / "mine.bundle")
