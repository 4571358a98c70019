"""Latencies on reference platforms, from a real agent with a simulated runtime."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.reference_platforms import ReferencePlatform, measure_references
from edgeprof.store import Store
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.encodings import latency_encoding
from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.spaces import get_space

SPACE = get_space("nasbench201")
NETWORKS = [SPACE.format(item) for item in SPACE.sample(3, seed=5)]


@pytest.fixture
def reference(simulated_device: SimulatedDevice) -> Iterator[ReferencePlatform]:
    """The simulated device as a reference platform."""
    with edgeprof.connect(simulated_device.address) as client:
        yield ReferencePlatform(client=client, setting=simulated_device.setting)


def test_measured_references_are_an_encoding_of_the_networks_measured(
    reference: ReferencePlatform, simulated_device: SimulatedDevice, tmp_path: Path
) -> None:
    with Store(tmp_path / "store.sqlite3") as store:
        table = measure_references({"board": reference}, "nasbench201", [*NETWORKS, NETWORKS[0]], store=store)
    truth = simulated_device.true_latencies_ms(SPACE, [SPACE.parse(text) for text in NETWORKS])
    assert np.allclose(table.latencies_of("board"), truth, rtol=0.1)
    encoding = latency_encoding(table, ["board"])
    assert np.array_equal(np.argsort(encoding.encode(table.choices)[:, 0]), np.argsort(truth))
    with pytest.raises(EncodingError, match="no row for the architecture"):
        encoding.encode(SPACE.all_choices()[:1])


def test_too_few_networks_are_refused_before_anything_is_measured(reference: ReferencePlatform) -> None:
    with pytest.raises(EdgeprofError, match="two different networks and one platform, got 1 and 1"):
        measure_references({"board": reference}, "nasbench201", NETWORKS[:1])
