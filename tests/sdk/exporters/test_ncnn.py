from pathlib import Path

from edgeprof.exporters.ncnn import CRASH_COUNT_MAX, run_pnnx

CRASHES = "echo again >> runs; [ $(wc -l < runs) -gt {count} ] || kill -SEGV $$"


def _run(folder: Path, crash_count: int) -> tuple[int, int]:
    done = run_pnnx(["sh", "-c", CRASHES.format(count=crash_count)], folder)
    return done.returncode, len((folder / "runs").read_text().splitlines())


def test_a_converter_that_crashes_is_started_again(tmp_path: Path) -> None:
    assert _run(tmp_path, 2) == (0, 3)


def test_a_converter_that_always_crashes_is_given_up(tmp_path: Path) -> None:
    assert _run(tmp_path, 99) == (-11, CRASH_COUNT_MAX)


def test_a_converter_that_refuses_a_network_is_not_asked_again(tmp_path: Path) -> None:
    done = run_pnnx(["sh", "-c", "echo again >> runs; exit 1"], tmp_path)
    assert (done.returncode, (tmp_path / "runs").read_text()) == (1, "again\n")
