"""Profiles are listed without being decoded; a file that is none is passed over in a sentence."""

import json
from pathlib import Path

from click.testing import CliRunner
from predictor.operators.drawn import drawn_networks

from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import InvalidArgumentError
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.profile import OperatorProfile

PLATFORM = {"name": "board_onnxruntime-1.0", "device_id": "d1", "device_name": "board"}


def test_profiles_of_a_folder_are_listed_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    networks = drawn_networks(Hyperparameters.initial(), 1, probes=4, models=2)
    OperatorProfile.fit(networks, platform=PLATFORM, provenance={}).save(tmp_path / "board.edgeprof")
    (tmp_path / "broken.edgeprof").write_text("no profile")
    told = CliRunner().invoke(command, ["profiles", str(tmp_path)])
    assert told.exit_code == 0, told.output
    assert "models" in told.stdout and "board_onnxruntime-1.0" in told.stdout and "today" in told.stdout
    assert "broken.edgeprof" not in told.stdout and "passed over" in told.stderr and "broken" in told.stderr
    listed = json.loads(CliRunner().invoke(command, ["profiles", str(tmp_path / "board.edgeprof"), "--json"]).stdout)
    assert [(item["subject"], item["device_name"]) for item in listed] == [("", "board")]


def test_a_path_with_nothing_at_it_is_one_sentence(tmp_path: Path) -> None:
    told = CliRunner().invoke(command, ["profiles", str(tmp_path / "none")])
    assert isinstance(told.exception, InvalidArgumentError) and "there is nothing at" in str(told.exception)
