"""Converted networks, measured by the engines that read them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sdk.exporters.on_a_device import measured_networks

from edgeprof.devices.local_agent import local_agent
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import Setting

SPACE = get_space("nasbench201")
TEXTS = [SPACE.format(item) for item in SPACE.sample(2, seed=2)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with local_agent(tmp_path_factory.mktemp("agent")) as found:
        yield found


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("runtime", "precision"), [("litert", "float32"), ("litert", "int8"), ("ncnn", "float32"), ("ncnn", "bfloat16")]
)
def test_networks_are_measured(runtime: str, precision: str, address: str, tmp_path: Path) -> None:
    assert measured_networks(address, Setting(runtime=runtime, precision=precision), SPACE, TEXTS, tmp_path)
