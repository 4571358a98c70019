"""`edgeprof jobs` on a simulated device."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import model_of

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space


@pytest.fixture
def model() -> Path:
    space = get_space("nasbench201")
    return model_of(space, space.sample(1, seed=0)[0])


def test_a_host_lists_cancels_and_drops_what_a_device_keeps(simulated_device: SimulatedDevice, model: Path) -> None:
    def run(*arguments: str) -> str:
        done = CliRunner().invoke(command, ["jobs", simulated_device.address, *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    assert "keeps no job" in run()
    with edgeprof.connect(simulated_device.address) as client:
        client.measure(model, simulated_device.setting, job_id="done")
    (job,) = json.loads(run("--json", "--cancel", "done"))
    assert (job["job_id"], job["state"], job["acknowledge_time"]) == ("done", "succeeded", None)
    (job,) = json.loads(run("--json", "--drop", "done"))
    assert job["acknowledge_time"] is not None
    assert "stored by its host" in run()
