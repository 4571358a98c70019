"""The demo, with a real runtime on this machine."""

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

DEMO = (sys.executable, "-u", "-m", "edgeprof", "demo")

SHORT_DEMO = """
import functools, sys
import edgeprof
import edgeprof.cli.demo
from edgeprof.cli.main import edgeprof as command
from edgeprof.measuring import verification
from edgeprof.onboarding import api
sys.modules["edgeprof.cli.demo"].UNSEEN_COUNT = 8
# Runs for a third of a second in each measurement instead of one to two and a half.
api.PLAN = edgeprof.make_plan("quick", timed_duration_s=0.3)
verification.MeasurementSession = functools.partial(verification.MeasurementSession, plan=api.PLAN)
command()
"""


@pytest.fixture(autouse=True)
def one_engine(own_edgeprof_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's agent offers the engine that it measures with: each other one is loaded before the device is known."""
    monkeypatch.setenv("EDGEPROF_AGENT_RUNTIMES", "onnxruntime")


def agents_over(folder: Path) -> list[str]:
    """Command lines of the processes of this machine that name a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


def test_a_demo_with_too_few_samples_is_refused(own_edgeprof_folders: Path, tmp_path: Path) -> None:
    done = subprocess.run([*DEMO, "--samples", "2"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "2 is not in the range of whole numbers, 3 to 200" in done.stderr
    assert not (tmp_path / "edgeprof-demo").exists()


def test_a_demo_of_another_setting_has_a_profile_of_its_own(own_edgeprof_folders: Path, tmp_path: Path) -> None:
    command = [*DEMO, "--space", "fbnet", "--precision", "float64", "--option", "graph_optimization=basic"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "--space fbnet --precision float64 --option graph_optimization=basic --samples 10" in done.stderr
    assert "edgeprof-demo/demo-fbnet-float64-graph-optimization-basic.edgeprof" in done.stderr
    # Said before anything is measured.
    assert "exports networks for onnxruntime in float32, float16 or int8" in " ".join(done.stderr.split())


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_the_demo_onboards_this_machine_and_says_how_well(own_edgeprof_folders: Path, tmp_path: Path) -> None:
    command = (sys.executable, "-c", SHORT_DEMO, "demo", "--samples", "5", "--json")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["sample_count"] == 5
    assert figures["unseen_count"] == 8
    assert figures["seconds"] > 0
    # A machine under test is not a quiet one: the figures themselves are for `edgeprof demo` by hand.
    assert figures["spearman"] > 0.7
    assert figures["median_ape"] < 0.3
    assert {"mape", "interval_coverage", "interval_width_ratio"} <= figures.keys()
    assert (tmp_path / figures["picture"]).read_bytes().startswith(b"\x89PNG")
    assert "unseen ones are predicted within" in done.stderr
    assert agents_over(own_edgeprof_folders) == []
    shown = shown_by(done.stderr.rpartition("as a page in the browser: edgeprof ")[2].strip(), tmp_path)
    assert "Expected error after each sample" in shown and figures_in(shown) == 4
    assert "From 5 measured networks, 8 unseen ones are predicted within" in shown


def shown_by(arguments: str, folder: Path) -> str:
    """Run a command that opens a page, with a browser that keeps the document it has made of it."""
    browser = folder / "browser"
    flags = f"--headless --no-sandbox --disable-gpu --no-first-run --user-data-dir={folder}/chromium"
    browser.write_text(f'#!/bin/sh\nexec chromium {flags} --dump-dom "$1" > {folder}/shown.html 2> /dev/null\n')
    browser.chmod(0o755)
    command = [sys.executable, "-m", "edgeprof", *shlex.split(arguments)]
    subprocess.run(command, env={**os.environ, "BROWSER": f"{browser} %s"}, cwd=folder, check=True)
    return (folder / "shown.html").read_text()


def figures_in(page: str) -> int:
    return page.count("<svg")


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "network 1 of"),
        (signal.SIGTERM, "edgeprof-agent serve"),
        (signal.SIGTERM, "one more sample"),
    ],
)
def test_an_interrupted_demo_leaves_no_process_behind(
    number: signal.Signals, moment: str, own_edgeprof_folders: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stderr is not None
    for line in process.stderr:
        if moment in line:
            break
    assert moment.startswith("edgeprof") or agents_over(own_edgeprof_folders) != []
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == (130 if number is signal.SIGINT else 143)
    assert "Traceback" not in stderr
    assert "Exception" not in stderr
    assert agents_over(own_edgeprof_folders) == []
