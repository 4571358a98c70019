"""`edgeprof evaluate` as a user meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from predictor.evaluation.odd_table import odd_table, write_odd_table

from edgeprof.cli.main import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof_predictor.errors import PredictorError

SPLIT = ("--train", "board_0,board_2,board_5", "--test", "board_1,board_4", "--pretrain-samples", "50")
FIELDS = {
    "method", "platform", "sample_count", "seed", "spearman", "kendall_tau", "median_ape", "mape",
    "within_5_percent", "within_10_percent", "interval_coverage", "interval_width_ratio", "source_platform",
    "fit_s", "adapt_s", "expected_error", "expected_lower", "expected_upper", "source_correlation", "is_upper_bound",
    "trim",
}  # fmt: skip


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "edgeprof", "evaluate", *arguments]


def evaluate(*arguments: str) -> None:
    edgeprof.main(["evaluate", *arguments], standalone_mode=False)


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what a clock tells."""
    return [{name: value for name, value in row.items() if name not in ("fit_s", "adapt_s")} for row in rows]


def test_an_evaluation_writes_a_row_for_each_score_and_shows_what_they_mean(tmp_path: Path) -> None:
    table = write_odd_table(tmp_path / "table.npz")
    done = subprocess.run(
        command("--latencies", str(table), *SPLIT, "--samples", "0,1,5", "--seeds", "2",
                "--methods", "ridge,oracle", "--jobs", "1", "--output", str(tmp_path / "out.json")),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "out.json").read_text(), parse_constant=pytest.fail)
    keys = [(row["method"], row["platform"], row["sample_count"], row["seed"]) for row in rows]
    assert keys == [
        (method, platform, count, seed)
        for seed in (0, 1) for method in ("ridge", "oracle")
        for platform in ("board_1", "board_4") for count in (0, 1, 5)
    ]  # fmt: skip
    for row in rows:
        assert set(row) == FIELDS
        # Without samples there are ranks and nothing else; a single one gives milliseconds.
        assert (row["median_ape"] is None) == (row["sample_count"] == 0)
        assert row["is_upper_bound"] == (row["method"] == "oracle")
    for part in (
        "Mean over 2 platforms and 2 seeds", "oracle *", "an upper bound, no method", "Spearman of each platform",
        "Error calibration: expected median error within a factor of 1.5", "ranks and no milliseconds",
    ):  # fmt: skip
        assert part in done.stdout
    assert re.search(r"ridge, seed \d: finished, \d of 4, about \d+ s left", done.stderr)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "table.npz"]


def test_an_evaluation_that_was_killed_goes_on_and_ends_as_if_nothing_had_happened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, out = write_odd_table(tmp_path / "table.npz"), tmp_path / "out.json"
    whole = ["--latencies", str(table), *SPLIT, "--samples", "5,20", "--seeds", "100", "--methods", "ridge"]
    killed = subprocess.Popen(
        command(*whole, "--jobs", "2", "--output", str(out)),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert killed.stderr is not None
        assert "finished, 1 of 100" in next(iter(killed.stderr))
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        killed.communicate()
    assert not out.exists()
    finished = (tmp_path / "out.json.journal").read_bytes().count(b"\n") - 1
    assert 1 <= finished < 100
    evaluate(*whole, "--jobs", "1", "--output", str(out))
    told = capsys.readouterr().err
    assert f"going on with an interrupted run: {finished} of 100 parts are finished" in told
    assert told.count(": finished, ") == 100 - finished
    evaluate(*whole, "--jobs", "1", "--output", str(tmp_path / "undisturbed.json"))
    rows, undisturbed = (json.loads((tmp_path / name).read_text()) for name in ("out.json", "undisturbed.json"))
    assert comparable(rows) == comparable(undisturbed)
    assert not (tmp_path / "out.json.journal").exists()


def test_a_journal_of_another_command_is_refused_with_what_differs(tmp_path: Path) -> None:
    table, out = write_odd_table(tmp_path / "table.npz"), tmp_path / "out.json"
    header = {"schema_version": 1, "inputs": {"train platforms": "board_3"}}
    (tmp_path / "out.json.journal").write_text(json.dumps(header) + "\n")
    with pytest.raises(PredictorError, match=r"unfinished run with another .*train platforms.* delete the file"):
        evaluate("--latencies", str(table), *SPLIT, "--methods", "ridge", "--output", str(out))
    assert not out.exists()


def test_trimming_is_said_in_the_rows_and_in_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, out = write_odd_table(tmp_path / "table.npz"), tmp_path / "out.json"
    evaluate("--latencies", str(table), *SPLIT, "--samples", "5", "--seeds", "1", "--methods", "ridge", "--trim", "0.1",
             "--jobs", "1", "--output", str(out))  # fmt: skip
    assert [row["trim"] for row in json.loads(out.read_text())] == [0.1, 0.1]
    assert "the fastest and the slowest 10% of each platform are left out" in capsys.readouterr().out


def test_an_evaluation_without_results_to_write_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_odd_table(tmp_path / "table.npz")
    evaluate("--latencies", str(table), *SPLIT, "--samples", "5", "--seeds", "1", "--methods", "ridge", "--jobs", "1")
    assert "1 seed" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["table.npz"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables with one fault each."""
    folder = tmp_path_factory.mktemp("tables")
    good = odd_table()
    write_odd_table(folder / "latency_odd.npz")
    write_odd_table(folder / "small.npz", odd_table(40))
    for name, value in {"nan": np.nan, "zero": 0.0, "negative": -1.0}.items():
        latency_ms = good.latency_ms.copy()
        latency_ms[1, 7] = value
        write_odd_table(folder / f"{name}.npz", latency_ms=latency_ms)
    latency_ms = good.latency_ms.copy()
    latency_ms[1] = 3.0
    write_odd_table(folder / "constant.npz", latency_ms=latency_ms)
    write_odd_table(folder / "texts.npz", arch=np.array(["a network"] * 300))
    write_odd_table(folder / "shape.npz", latency_ms=good.latency_ms[:, :-1])
    np.savez(folder / "proxies.npz", arch=good.choices[:299], score=np.random.default_rng(0).uniform(size=(299, 2)))
    return folder


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"--test": "board_1,board_2"}, "for train or for test, not for both: board_2"),
        ({"--train": "board_0,bord_2"}, "no platform 'bord_2' in the table; the nearest are board_2"),
        ({"--test": "bord_1"}, "no platform 'bord_1' in the table; the nearest are board_1"),
        ({"--methods": "ridge,neerest"}, "no method 'neerest'; the nearest is nearest"),
        ({"--latencies": "latency_od.npz"}, r"there is no file .*latency_od.npz; the nearest .* latency_odd.npz"),
        ({"--latencies": "nan.npz"}, "latencies of board_1 must be finite and > 0, got nan"),
        ({"--latencies": "zero.npz"}, r"latencies of board_1 must be finite and > 0, got 0\.0"),
        ({"--latencies": "negative.npz"}, r"latencies of board_1 must be finite and > 0, got -1\.0"),
        ({"--latencies": "constant.npz"}, "all latencies of board_1 are 3 ms; nothing can be learnt"),
        ({"--latencies": "texts.npz"}, "arch must be texts of a known search space .*or a matrix of integers"),
        ({"--latencies": "shape.npz"}, "latency_ms must be 6 platforms x 300 architectures"),
        ({"--latencies": "small.npz"}, "holds 40 architectures, the protocol needs 50: take fewer"),
        ({"--samples": "299"}, "holds 300 architectures, the protocol needs 301: take fewer"),
        ({"--trim": "0.4", "--samples": "80"}, "300 architectures, 60 of them left by trimming, .* needs 82"),
        ({"--trim": "0.3"}, "within the range of every source, fewer than the 50 pretrain samples"),
        ({"--methods": "ridge,flops"}, "flops needs the costs of architectures, and latency_odd is known by its"),
        ({"--methods": "multi-predict-zcpvec", "--proxies": "proxies.npz"}, "lacks the scores of 1 of the 300"),
        ({"--methods": "multi-predict-zcpvec", "--proxies": "proxy.npz"}, r"no file .*; the nearest .*proxies.npz"),
        ({"--space": "nasbnech201"}, "no search space 'nasbnech201'; the known ones are fbnet, "),
        ({"--space": "fbnet"}, "choices of fbnet must be n x 22"),
        ({"--output": "."}, "it is a folder; name a file"),
        ({"--output": "nosuch/out.json"}, "cannot write .*nosuch.*No such file or directory"),
    ],
)  # fmt: skip
def test_bad_input_ends_in_one_sentence_before_anything_is_computed(
    folder: Path, changes: dict[str, str], sentence: str
) -> None:
    with pytest.raises((PredictorError, EdgeprofError), match=sentence):
        evaluate(*options(folder, changes))
    assert not (folder / "out.json").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"--samples": "3,x"}, "'3,x' is no list of counts; write 3,5,10,20"),
        ({"--samples": "3,,5"}, "is no list of counts"),
        ({"--samples": "-1"}, "is no list of counts"),
        ({"--train": "board_0,,board_2"}, "holds an empty name"),
        ({"--test": "board_1,board_1"}, "board_1 is named more than once"),
        ({"--methods": "ridge,ridge"}, "ridge is named more than once"),
        ({"--methods": ""}, "holds an empty name"),
        ({"--seeds": "0"}, "0 is not in the range"),
        ({"--pretrain-samples": "1"}, "1 is not in the range"),
        ({"--trim": "0.5"}, "is not in the range"),
        ({"--jobs": "0"}, "0 is not in the range"),
        ({"--backend": "slurm"}, "'slurm' is not one of"),
        ({"--methods": "multi-predict-zcpvec"}, "multi-predict-zcpvec reads zero-cost proxies: add --proxies FILE.npz"),
    ],
)  # fmt: skip
def test_a_malformed_option_is_a_usage_error(folder: Path, changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(click.UsageError) as refused:
        evaluate(*options(folder, changes))
    assert sentence in refused.value.format_message()


def options(folder: Path, changes: dict[str, str]) -> list[str]:
    """A right command with some of its options changed; files are in the folder."""
    given = {
        "--latencies": "latency_odd.npz", "--train": "board_0,board_2,board_5", "--test": "board_1",
        "--pretrain-samples": "50", "--samples": "5", "--seeds": "1", "--methods": "ridge", "--jobs": "1",
        "--output": "out.json",
    } | changes  # fmt: skip
    files = ("--latencies", "--proxies", "--output")
    return [part for name, value in given.items() for part in (name, str(folder / value) if name in files else value)]


def test_an_error_ends_the_command_with_status_1_and_bad_usage_with_2(folder: Path) -> None:
    for changes, status in (({"--latencies": "nan.npz"}, 1), ({"--seeds": "0"}, 2)):
        done = subprocess.run(command(*options(folder, changes)), capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
