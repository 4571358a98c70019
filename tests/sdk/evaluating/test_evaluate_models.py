"""Predictors of any model are compared on the measured models of a profile."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from predictor.operators.drawn import drawn_networks

from edgeprof.cli.main import edgeprof as command
from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.profile import OperatorProfile


def written(path: Path, model_count: int) -> Path:
    networks = drawn_networks(Hyperparameters.initial(), 1, probes=10, models=model_count)
    named = [
        MeasuredNetwork(
            name=one.name if one.is_probe else f"{chr(97 + position % 8)}net_{position}",
            records=one.records,
            latency_us=one.latency_us,
            is_probe=one.is_probe,
        )
        for position, one in enumerate(networks)
    ]
    OperatorProfile.fit(named, platform={"name": "drawn"}, provenance={}).save(path)
    return path


def test_methods_are_compared_on_the_models_of_a_profile(tmp_path: Path) -> None:
    path, output = written(tmp_path / "drawn.edgeprof", 16), tmp_path / "scores.json"
    asked = ["evaluate-models", str(path), "--samples", "0,5", "--method", "operators", "--method", "log FLOPs"]
    told = CliRunner().invoke(command, [*asked, "-o", str(output), "--json"])
    assert told.exit_code == 0, told.output
    scores = json.loads(told.stdout)
    assert scores == json.loads(output.read_text())
    assert [(one["method"], one["sample_count"]) for one in scores] == [
        ("operators", 0),
        ("operators", 5),
        ("log FLOPs", 5),
    ]
    assert scores[1]["summary"]["median_error"] < scores[2]["summary"]["median_error"]
    table = CliRunner().invoke(command, [*asked[:2], "--samples", "5", "--method", "roofline"])
    assert table.exit_code == 0 and "roofline" in table.output


def test_each_profile_of_a_folder_is_a_setting(tmp_path: Path) -> None:
    for name in ("onnxruntime-int8", "openvino"):
        written(tmp_path / f"{name}.edgeprof", 16)
    told = CliRunner().invoke(command, ["evaluate-models", str(tmp_path), "--samples=5", "--method=roofline", "--json"])
    assert [one["setting"] for one in json.loads(told.stdout)] == ["onnxruntime-int8", "openvino", "all"]
    (tmp_path / "empty").mkdir()
    told = CliRunner().invoke(command, ["evaluate-models", str(tmp_path / "empty")])
    assert isinstance(told.exception, OperatorModelError) and "holds no profile" in str(told.exception)


def test_too_few_models_and_unknown_methods_are_one_sentence(tmp_path: Path) -> None:
    few, fine = written(tmp_path / "few.edgeprof", 4), written(tmp_path / "fine.edgeprof", 16)
    for asked, reason in (
        ([str(few)], "do not split into two halves"),
        ([str(fine), "--method", "guess"], "there is no method guess"),
        ([str(fine), "--setting", "pi"], "nothing was measured on pi, but on drawn"),
    ):
        told = CliRunner().invoke(command, ["evaluate-models", *asked])
        assert isinstance(told.exception, OperatorModelError) and reason in str(told.exception)


@pytest.mark.parametrize("samples", ["1.5", "-1"])
def test_numbers_of_models_are_whole(tmp_path: Path, samples: str) -> None:
    path = written(tmp_path / "drawn.edgeprof", 16)
    assert CliRunner().invoke(command, ["evaluate-models", str(path), f"--samples={samples}"]).exit_code != 0
