"""What was measured with given shapes or values is not put together with what was measured without."""

from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper

import edgeprof
from edgeprof.cli.main import edgeprof as command
from edgeprof.measuring.candidate import Candidate
from edgeprof.store import Store
from edgeprof.store.given_inputs import GivenInputs
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.job_spec import InputShape, MeasurementPlan
from edgeprof_proto.records.measurement import Measurement

SHORT = MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)

pytestmark = pytest.mark.usefixtures("own_edgeprof_folders")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, "length"))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, "length"))],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def lengths(store: Store, *results: edgeprof.Benchmark) -> list[list[tuple[int, ...]]]:
    """Shapes of the input in all measurements of the platform of each result."""
    return [[item.inputs[0].sizes for item in store.measurements(result.platform)] for result in results]


def test_results_with_other_inputs_belong_to_other_platforms(
    shared_device: SimulatedDevice, model: Path, tmp_path: Path
) -> None:
    np.savez(tmp_path / "values.npz", x=np.ones((1, 8), np.float32))
    setting = shared_device.setting
    with edgeprof.connect(shared_device.address) as client, Store() as store:

        def run(length: int, values: Path | None = None) -> edgeprof.Benchmark:
            shapes = {} if values else {"length": (length,)}
            return edgeprof.benchmark(
                client, model, setting=setting, plan=SHORT, input_shapes=shapes, inputs=values, store=store
            )

        # Left by a run that ended before it stored its result.
        client.measure(model, setting, job_id="left", plan=SHORT, input_shapes={"length": (8,)})
        eight, nine, eight_again, given = run(8), run(9), run(8), run(8, tmp_path / "values.npz")
        assert lengths(store, eight, nine, given) == [[(1, 8)] * 3, [(1, 9)], [(1, 8)]]
    assert eight.platform == eight_again.platform
    assert eight.platform.name.endswith("_length-8")
    assert len(given.platform.inputs.values_sha256) == 64


def test_a_comparison_goes_on_with_the_same_inputs_alone(shared_device: SimulatedDevice, model: Path) -> None:
    candidates = [Candidate(name=name, model=model, setting=shared_device.setting) for name in "ab"]

    def interrupt(candidate: Candidate, measurement: Measurement) -> None:
        raise KeyboardInterrupt

    counts = []
    with edgeprof.connect(shared_device.address) as client, Store() as store:
        for length in (8, 9, 8):
            told: list[str] = []
            stop = interrupt if not counts else lambda candidate, measurement, told=told: told.append(candidate.name)
            try:
                found = edgeprof.compare(
                    client,
                    *candidates,
                    pair_count=5,
                    plan=SHORT,
                    input_shapes={"length": (length,)},
                    store=store,
                    on_measurement=stop,
                )
            except KeyboardInterrupt:
                told = ["interrupted"]
            counts.append(len(told))
        # The first measurement of the comparison that was interrupted counts in the last one.
        assert counts == [1, 10, 9]
        assert found.platform("b").inputs == GivenInputs(shapes=(InputShape(name="length", sizes=(8,)),))
        assert len(store.measurements(found.platform("a"))) == 10
        assert {item.a.inputs[0].sizes for item in found.pairs} == {(1, 8)}
        assert all(job.acknowledge_time is not None for job in islice(client.jobs(), 20))


def test_the_command_gives_both_the_same_inputs(
    shared_device: SimulatedDevice, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgeprof.make_plan", lambda effort: SHORT)
    np.savez(tmp_path / "values.npz", x=np.ones((1, 8), np.float32))
    for arguments, text in (
        (("--shape", "x=1x7"), "x float32 1x7, normal"),
        (("--inputs", str(tmp_path / "values.npz")), "x float32 1x8, given"),
    ):
        asked = ["compare", str(model), "--device", shared_device.address, "--runtime", "simulated", "--pairs", "5"]
        result = CliRunner().invoke(command, [*asked, "--versus", "threads=2", *arguments])
        assert result.exit_code == 0, result.output
        assert text in " ".join(result.output.split())
