"""From a user's own table to a device that is onboarded with it."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import edgeprof
from edgeprof.cli.main import edgeprof as edgeprof_command
from edgeprof.errors import InvalidArgumentError, OutputFileError
from edgeprof.evaluating.known_bundles import bundle_of_space
from edgeprof.onboarding import Goal
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.bundle import read_bundle
from edgeprof_predictor.errors import BundleError, PredictorError
from edgeprof_predictor.spaces import get_space

PLATFORMS = ("lab_board", "old_phone")
COUNT = 60


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Latencies of a few networks on two platforms, as a spreadsheet holds them."""
    space = get_space("nasbench201")
    networks = space.sample(COUNT, seed=4)
    costs = space.costs(space.choices(networks))
    assert costs is not None
    latency_ms = [1 + costs.total(name) / costs.total(name).mean() for name in ("macs", "traffic")]
    lines = [",".join(("architecture", *PLATFORMS))]
    lines += [f"{space.format(network)},{a:.4f},{b:.4f}" for network, a, b in zip(networks, *latency_ms, strict=True)]
    path = tmp_path_factory.mktemp("table") / "lab.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def fitted(csv: Path) -> edgeprof.Fitted:
    return edgeprof.fit([csv], csv.with_name("lab.bundle"))


def test_a_bundle_in_one_file_predicts_as_it_did_when_it_was_fitted(fitted: edgeprof.Fitted) -> None:
    read = read_bundle(fitted.path)
    assert read.card.platforms == PLATFORMS
    assert read.card.architecture_count == COUNT
    choices = read.space.sample_choices(50, seed=1)
    assert np.array_equal(
        read.method.prior.source_latencies(choices), fitted.bundle.method.prior.source_latencies(choices)
    )


def test_a_device_is_onboarded_with_it(fitted: edgeprof.Fitted, tmp_path: Path) -> None:
    with SimulatedDevice(tmp_path / "device") as device, edgeprof.connect(device.address) as client:
        onboarded = edgeprof.onboard(
            client,
            "nasbench201",
            setting=device.setting,
            goal=Goal(sample_count=3),
            bundle=fitted.path,
            store=tmp_path / "store.sqlite3",
            model_folder=tmp_path / "models",
        )
    assert onboarded.report.source_platform in PLATFORMS
    assert onboarded.profile.predictor.has_sources


def test_a_bundle_of_another_space_is_refused(fitted: edgeprof.Fitted, tmp_path: Path) -> None:
    with (
        SimulatedDevice(tmp_path / "device") as device,
        edgeprof.connect(device.address) as client,
        pytest.raises(BundleError, match="the bundle is of nasbench201, not of fbnet"),
    ):
        edgeprof.onboard(client, "fbnet", setting=device.setting, bundle=fitted.path, store=tmp_path / "store")


def test_the_command_says_what_was_fitted(csv: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.csv"
    lines = csv.read_text().splitlines()
    few.write_text("\n".join([lines[0].replace("lab_board,old_phone", "new_board,new_phone"), *lines[1:41]]) + "\n")
    arguments = ["fit", str(csv), str(few), "--output", str(tmp_path / "mine.bundle"), "--json"]
    done = CliRunner().invoke(edgeprof_command, arguments, catch_exceptions=False)
    result = json.loads(done.stdout)
    assert result["platforms"] == [*PLATFORMS, "new_board", "new_phone"]
    assert result["predicted_shares"] == {
        "lab_board": 0,
        "old_phone": 0,
        "new_board": pytest.approx(1 / 3),
        "new_phone": pytest.approx(1 / 3),
    }
    assert read_bundle(result["bundle"]).card.architecture_count == COUNT


def test_platforms_of_one_file_may_have_architectures_of_their_own(csv: Path, tmp_path: Path) -> None:
    lines = csv.read_text().splitlines()
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("\n".join([*lines[:41], *(line.rsplit(",", 1)[0] + "," for line in lines[41:])]) + "\n")
    fitted = edgeprof.fit([ragged], tmp_path / "ragged.bundle")
    assert fitted.predicted_shares == {"lab_board": 0, "old_phone": pytest.approx(1 / 3)}
    ragged.write_text("\n".join([*lines[:11], *(line.rsplit(",", 1)[0] + "," for line in lines[11:])]) + "\n")
    with pytest.raises(PredictorError, match="old_phone was measured on 10 of 60 architectures; 20 are needed"):
        edgeprof.fit([ragged], tmp_path / "ragged.bundle")


def test_what_is_no_bundle_is_refused(csv: Path, fitted: edgeprof.Fitted, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle or is damaged"):
        read_bundle(csv)
    damaged = tmp_path / "damaged.bundle"
    content = bytearray(fitted.path.read_bytes())
    content[-100] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(BundleError, match="is damaged: its content is not what was written"):
        read_bundle(damaged)
    with pytest.raises(BundleError, match="there is no bundle"):
        read_bundle(tmp_path / "nosuch.bundle")


def test_mistakes_are_refused_before_anything_is_fitted(csv: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="name a table"):
        edgeprof.fit([], tmp_path / "mine.bundle")
    with pytest.raises(OutputFileError):
        edgeprof.fit([csv], csv)
    with pytest.raises(PredictorError, match=r"nosuch\.csv"):
        edgeprof.fit([tmp_path / "nosuch.csv"], tmp_path / "mine.bundle")
    zero = tmp_path / "zero.csv"
    zero.write_text(csv.read_text().replace("\n", ",0\n").replace("old_phone,0", "old_phone,third", 1))
    with pytest.raises(PredictorError, match=r"line 2.*third must be finite and > 0, got 0"):
        edgeprof.fit([zero], tmp_path / "mine.bundle")


def test_a_table_counts_by_the_trust_in_it(csv: Path, tmp_path: Path) -> None:
    doubted = tmp_path / "doubted.csv"
    doubted.write_text(csv.read_text().replace("lab_board,old_phone", "new_board,new_phone", 1))
    arguments = ["fit", str(csv), str(doubted), "--trust", "doubted.csv=0.25", "--output", str(tmp_path / "t.bundle")]
    CliRunner().invoke(edgeprof_command, arguments, catch_exceptions=False)
    read = read_bundle(tmp_path / "t.bundle")
    assert read.method.prior.sources.trusts.tolist() == [1.0, 1.0, 0.25, 0.25]
    assert read.card.provenance == "fitted to lab.csv, doubted.csv (trust 0.25)"
    with pytest.raises(InvalidArgumentError, match=r"trust is put into other\.csv, which is none of the tables"):
        edgeprof.fit([csv], tmp_path / "mine.bundle", trust={"other.csv": 0.5})
    for wrong, text in ((0.0, "above 0"), (1.5, "must be 0 to 1")):
        with pytest.raises(InvalidArgumentError, match=text):
            edgeprof.fit([csv], tmp_path / "mine.bundle", trust={str(csv): wrong})


def test_a_registered_bundle_is_found_by_its_space(csv: Path, own_edgeprof_folders: Path) -> None:
    assert bundle_of_space("nasbench101") is None
    assert bundle_of_space("nasbench201").card.platforms != PLATFORMS  # type: ignore[union-attr]
    with pytest.raises(InvalidArgumentError, match="name a file for the bundle, or register it"):
        edgeprof.fit([csv])
    done = CliRunner().invoke(edgeprof_command, ["fit", str(csv), "--register", "--json"], catch_exceptions=False)
    assert Path(json.loads(done.stdout)["bundle"]) == own_edgeprof_folders / "bundles" / "nasbench201.bundle"
    assert bundle_of_space("nasbench201").card.platforms == PLATFORMS  # type: ignore[union-attr]


def test_a_bundle_is_evaluated_on_a_table(fitted: edgeprof.Fitted, csv: Path, tmp_path: Path) -> None:
    lines = csv.read_text().splitlines()
    other = tmp_path / "other.csv"
    other.write_text("\n".join([lines[0].replace("lab_board,old_phone", "third,fourth"), *lines[1:]]) + "\n")
    edgeprof.import_table(other, tmp_path / "other.npz")
    shared = {"sample_counts": 3, "seed_count": 1, "bundle": fitted.path, "jobs": 1, "output": tmp_path / "out.json"}
    evaluation = edgeprof.evaluate(tmp_path / "other.npz", test="third", **shared)
    (score,) = evaluation.scores
    assert (score.method, score.platform, score.source_platform in PLATFORMS) == ("bundle", "third", True)
    assert score.spearman > 0.9
    arguments = ["--bundle", str(fitted.path), "--test", "third", "--output", str(tmp_path / "alone.json")]
    done = CliRunner().invoke(
        edgeprof_command,
        ["evaluate", "--latencies", str(tmp_path / "other.npz"), "--samples", "3", "--seeds", "1", *arguments],
        catch_exceptions=False,
    )
    assert done.exit_code == 0
    assert [row["method"] for row in json.loads((tmp_path / "alone.json").read_text())] == ["bundle"]
    edgeprof.import_table(csv, tmp_path / "lab.npz")
    with pytest.raises(PredictorError, match="the method bundle was fitted to lab_board, which is to be new"):
        edgeprof.evaluate(tmp_path / "lab.npz", test="lab_board", **shared)
    with pytest.raises(PredictorError, match="needs at least one of train"):
        edgeprof.evaluate(tmp_path / "lab.npz", test="lab_board")
