import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from edgeprof.cli.main import edgeprof
from edgeprof.prediction import load_profile
from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.operator_prior.log_process import Describer
from edgeprof_predictor.operator_prior.method import UNKNOWN_LEVEL
from edgeprof_predictor.operator_prior.predictor import OperatorLatencies, OperatorPriorPredictor
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import get_space

TWIN = "raspi4"
"""The platform that the new one equals but for its speed."""


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    method = load_bundle("nasbench201").method
    choices = method.space.sample_choices(60, seed=5)
    choices = choices[method.space.is_connected(choices)][:20]
    of_twin = method.prior.source_latencies(choices)[:, method.platforms.index(TWIN)]
    predictor = method.adapt(Samples.of(choices, np.asarray(7.3 * of_twin)), seed=0)
    path = tmp_path_factory.mktemp("similar") / "board.edgeprof"
    Profile(predictor=predictor, platform={"name": "board"}, provenance={}).save(path)
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(edgeprof, ["devices", *arguments], catch_exceptions=False)


def test_the_platform_that_it_equals_comes_first(profile: Path, tmp_path: Path) -> None:
    picture = tmp_path / "map.png"
    done = run("--similar", str(profile), "--picture", str(picture), "--json")
    platforms = json.loads(done.stdout)["platforms"]
    assert platforms[0]["platform"] == TWIN
    assert all(one["lower"] <= one["correlation"] <= one["upper"] for one in platforms)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_table_names_platforms_with_intervals(profile: Path) -> None:
    done = run("--similar", str(profile))
    assert "known platform" in done.output
    assert TWIN in done.output


def test_a_profile_of_another_method_is_compared_by_its_samples(profile: Path, tmp_path: Path) -> None:
    choices = load_profile(profile).samples.choices
    # Devices run exported networks, which lack what cannot influence the output.
    method = load_bundle("nasbench201").method.for_pruned_graphs()
    of_twin = method.prior.source_latencies(choices)[:, method.platforms.index(TWIN)]
    samples = Samples.of(choices, np.asarray(7.3 * of_twin))
    none = np.zeros(samples.count)
    by_operators = OperatorLatencies(
        choices=samples.choices, log_ms=np.log(samples.latency_ms), alone=none, left_out=none, level=UNKNOWN_LEVEL
    )
    describer = Describer(FeatureMap(get_space("nasbench201")))
    predictor = OperatorPriorPredictor(describer=describer, latencies=by_operators, known_samples=samples)
    path = tmp_path / "operators.edgeprof"
    Profile(predictor=predictor, platform={"name": "board"}, provenance={}).save(path)
    platforms = json.loads(run("--similar", str(path), "--json").stdout)["platforms"]
    assert platforms[0]["platform"] == TWIN


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("127.0.0.1:1", "--similar", "board.edgeprof"), "leave addresses out"),
        (("--picture", "map.png"), "name a profile with it"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: tuple[str, ...], text: str) -> None:
    done = CliRunner().invoke(edgeprof, ["devices", *arguments])
    assert done.exit_code == 2
    assert text in done.output
