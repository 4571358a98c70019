"""Arguments of the public calls: texts for paths and lists are taken, numbers outside their range refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from click.testing import CliRunner

import edgeprof
from edgeprof.arguments import as_list, require_number
from edgeprof.cli.main import edgeprof as command
from edgeprof.errors import EdgeprofError
from edgeprof.measuring.candidate import Candidate
from edgeprof.searching.accuracy import AccuracyTable
from edgeprof.store import Store, opened
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.spaces import get_space

pytestmark = pytest.mark.timeout(600)

CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
CLIENT = cast("edgeprof.DeviceClient", None)
"""Whoever asked it before looking at the arguments would fail."""

BAD_SEEDS: tuple[Any, ...] = (-1, 2**63, 1.5, "1", None, True, float("nan"))


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "table.npz"
    generator = np.random.default_rng(0)
    choices = np.array(np.meshgrid(*[range(4)] * 3)).reshape(3, -1).T
    latency_ms = 1 + choices.sum(axis=1) + generator.random((3, len(choices)))
    np.savez(path, arch=choices, device=["a", "b", "c"], latency_ms=latency_ms)
    return str(path)


def test_one_text_is_one_name_and_a_path_may_be_a_text(table: str, tmp_path: Path) -> None:
    evaluation = edgeprof.evaluate(
        table, train="a", test="b", methods="ridge", sample_counts=5, seed_count=1,
        pretrain_samples=20, output=str(tmp_path / "out.json"), jobs=1,
    )  # fmt: skip
    assert {(score.platform, score.sample_count) for score in evaluation.scores} == {("b", 5)}
    assert (tmp_path / "out.json").exists()


def test_architectures_may_be_one_text_or_the_name_of_a_table(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache.sqlite")
    one = edgeprof.score_space("nasbench201", CELL, "params", cache=cache, jobs=1)
    np.savez(tmp_path / "t.npz", arch=np.array([CELL]))
    table = edgeprof.score_space("nasbench201", str(tmp_path / "t.npz"), ["params"], cache=cache, jobs=1)
    assert one.texts == table.texts == (CELL,)
    one.save(str(tmp_path / "scores.npz"))
    assert (tmp_path / "scores.npz").exists()


def test_a_store_a_candidate_and_a_table_take_texts(tmp_path: Path) -> None:
    for path in (str(tmp_path / "a" / "store.sqlite3"), tmp_path / "b" / "store.sqlite3"):
        with opened(path) as store, opened(store) as same:
            assert store is same
        assert edgeprof.known_devices(store=path) == []
    assert Store(str(tmp_path / "s")).place == tmp_path / "s"
    assert Candidate(name="x", model="x.onnx").model == Path("x.onnx")
    with pytest.raises(PredictorError, match="cannot read"):
        AccuracyTable(path="absent.npz", task="a/b").identity()


@pytest.mark.parametrize("seed", BAD_SEEDS)
def test_a_seed_outside_its_range_is_refused_before_anything_else(seed: Any) -> None:
    calls: list[Callable[[], object]] = [
        lambda: edgeprof.onboard(CLIENT, "nasbench201", seed=seed),
        lambda: edgeprof.compare(CLIENT, "a.onnx", "b.onnx", seed=seed),
        lambda: edgeprof.search("nasbench201", lambda text: 1.0, seed=seed),
        lambda: edgeprof.score_space("nasbench201", CELL, seed=seed),
        lambda: edgeprof.score_network("absent.py:x", seed=seed),
    ]
    for call in calls:
        with pytest.raises(EdgeprofError, match="a seed must be a whole number"):
            call()


@pytest.mark.parametrize("count", [0, -1, 10**12, 1.5, "3", None])
def test_counts_outside_their_range_are_refused_too(count: Any, table: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: edgeprof.compare(CLIENT, "a.onnx", "b.onnx", pair_count=count),
        lambda: edgeprof.evaluate(table, train="a", test="b", seed_count=count),
        lambda: edgeprof.evaluate_accuracy(table, target="a/b", seed_count=count),
        lambda: edgeprof.score_space("nasbench201", CELL, batch_size=count),
        lambda: edgeprof.score_network("absent.py:x", batch_size=count),
        lambda: edgeprof.search("nasbench201", lambda text: 1.0, candidate_count=count),
    ]
    for call in calls:
        with pytest.raises(EdgeprofError, match="must be a whole number"):
            call()
    with pytest.raises(EdgeprofError):
        edgeprof.Goal(sample_count=count)


def test_more_architectures_than_the_space_has_are_refused() -> None:
    with pytest.raises(EdgeprofError, match="1 to 15625"):
        edgeprof.score_space("nasbench201", get_space("nasbench201").size + 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0, "5", None, 1e300])
def test_limits_are_finite_numbers(value: Any) -> None:
    with pytest.raises(EdgeprofError):
        require_number("the limit", value, 1e-6, 1e9)
    for given in ({"target_error": value}, {"budget_s": value}):
        if value is not None and not isinstance(value, str):
            with pytest.raises(EdgeprofError):
                edgeprof.Goal(**given)


def test_a_unit_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EdgeprofError, match="one of ms, s, us"):
        edgeprof.import_table(tmp_path, unit="minutes")


def test_as_list_takes_one_or_many() -> None:
    assert as_list("abc", str) == ("abc",)
    assert as_list(["a", "b"], str) == ("a", "b")
    assert as_list(3, int) == (3,)


OPTIONS = {
    "compare": (("a", "b"), {"--seed": ("-1", "9" * 30, "1_0", "x"), "--pairs": ("4", "10001", "5_0")}),
    "onboard": (
        (),
        {
            "--samples": ("2", "201", "9" * 5_000), "--seed": ("-1",), "--threads": ("0", "-1", "9" * 20),
            "--batch": ("0", "9" * 20), "--target-error": ("nan%", "0%", "100%", "-5%", "1e400", "inf", "0_1%"),
            "--budget": ("0s", "-1s", "1e9", "9" * 400, "31d", "800h", "nan"),
        },
    ),
    "verify": (("p",), {"--count": ("2", "-1", "9" * 20), "--seed": ("-1", "1.5")}),
    "benchmark": (
        ("m",),
        {
            "--warmup-runs": ("0", "1000001"), "--num-runs": ("0", "9" * 99), "--min-time": ("0", "nan", "999h"),
            "--start-temperature": ("nan", "inf", "-1", "201"), "--sustained": ("0s", "9999h"), "--max-wait": ("0",),
        },
    ),
    "search": (
        (),
        {
            "--trainings": ("-1", "9" * 20), "--measurements": ("-1",), "--batch": ("0",), "--candidates": ("1",),
            "--latency-limit": ("0ms", "nanms", "9" * 400 + "ms", "5"), "--weights": ("nan,1", "inf", "1_0"),
        },
    ),
    "proxies": (("s",), {"--count": ("0",), "--batch-size": ("0", "9" * 9), "--classes": ("1",), "--jobs": ("0",),
                         "--input-shape": ("0,1", "3,٣", "9" * 5_000)}),
    "evaluate": ((), {"--seeds": ("0", "1001"), "--samples": ("9" * 5_000, "٣"), "--trim": ("nan", "0.5", "-0.1")}),
    "demo": ((), {"--samples": ("2", "201", "-1")}),
}  # fmt: skip


@pytest.mark.parametrize("verb", OPTIONS)
def test_options_outside_their_range_are_usage_errors(verb: str) -> None:
    arguments, options = OPTIONS[verb]
    for name, values in options.items():
        for value in values:
            result = CliRunner().invoke(command, [verb, *arguments, f"{name}={value}"])
            assert (result.exit_code, isinstance(result.exception, SystemExit)) == (2, True), (name, value[:40])
            assert name in result.output, (name, value[:40])
            assert len(result.output) < 1_000
