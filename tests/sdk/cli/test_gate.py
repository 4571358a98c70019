"""`edgeprof gate` on the simulated device: three answers, their exit status, and the files that pipelines read."""

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from factories import model_of

from edgeprof.cli.main import edgeprof as command
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.spaces import get_space

SPACE = get_space("nasbench201")

Run = Callable[..., Result]


@pytest.fixture
def models(tmp_path: Path) -> tuple[Path, Path]:
    """A network, and one that takes longer."""
    found = []
    for name, operator in (("fast.onnx", "nor_conv_1x1"), ("slow.onnx", "nor_conv_3x3")):
        text = f"|{operator}~0|+|none~0|{operator}~1|+|skip_connect~0|none~1|{operator}~2|"
        found.append(model_of(SPACE, SPACE.parse(text), tmp_path / name))
    return found[0], found[1]


@pytest.fixture
def run(simulated_device: SimulatedDevice) -> Run:
    def call(*arguments: object) -> Result:
        return CliRunner().invoke(
            command, ["gate", *map(str, arguments), "--device", simulated_device.address, "--effort", "quick"]
        )

    return call


@pytest.mark.parametrize(("factor", "status"), [(1.5, 0), (0.7, 1), (1.0, 3)])
def test_a_limit_is_met_or_missed_or_too_near_to_tell(
    run: Run, models: tuple[Path, Path], simulated_device: SimulatedDevice, factor: float, status: int, tmp_path: Path
) -> None:
    limit_ms = factor * simulated_device.true_latency_ms(models[0])
    junit, summary = tmp_path / "gate.xml", tmp_path / "summary.md"
    summary.write_text("before\n")
    done = run(models[0], "--limit", f"{limit_ms:.6f}ms", "--junit", junit, "--summary", summary)
    assert done.exit_code == status, done.output
    answer = {0: "fast.onnx is within", 1: "fast.onnx is not within", 3: "it cannot be told here"}[status]
    assert done.stdout.startswith(answer)
    case = ElementTree.parse(junit).getroot()[0]
    assert (case.get("name"), len(case.findall("failure"))) == ("fast.onnx", int(status > 0))
    assert summary.read_text().startswith("before\n### edgeprof gate: ") and answer in summary.read_text()


def test_a_model_is_compared_with_a_baseline_in_pairs(run: Run, models: tuple[Path, Path]) -> None:
    fast, slow = models
    failed = run(slow, "--baseline", fast, "--slower-than", "3%", "--json")
    assert failed.exit_code == 1
    told = json.loads(failed.stdout)
    assert told["outcome"] == "failed" and told["unit"] == "ratio" and told["lower"] > told["limit"] == 1.03


@pytest.mark.parametrize("options", [(), ("--limit", "3ms", "--baseline", "a"), ("--baseline", "a")])
def test_a_question_that_is_none_is_refused(run: Run, models: tuple[Path, Path], options: tuple[str, ...]) -> None:
    assert run(models[0], *options).exit_code == 2
