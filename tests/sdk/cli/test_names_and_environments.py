"""Names are printed as they are, and commands work, or say one sentence, in environments that lack something."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.table import Table

from edgeprof.cli.console import PlainConsole, print_table, styled
from edgeprof.cli.plain_output import print_json
from edgeprof.cli.progress import PlainColumn, new_bar

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("own_edgeprof_folders")]

NAMES = (
    "[red]x[/]",
    "[/]",
    "a[b].onnx",
    "[bold",
    ":smile:",
    "\\[x]",
    "[link=http://x]y[/link]",
    "$x_1$",
    "{x}",
    "100%",
)
CELL = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
EDGEPROF = (sys.executable, "-m", "edgeprof")

NO_HOME = """
import os, pwd, sys
os.environ = {name: value for name, value in os.environ.items() if not name.startswith(("HOME", "XDG", "EDGEPROF"))}
def missing(uid): raise KeyError("getpwuid(): uid not found: 54321")
pwd.getpwuid = missing
for name in ("LOGNAME", "USER", "LNAME", "USERNAME"): os.environ.pop(name, None)
sys.argv[0] = "edgeprof"
"""


def run(*arguments: str, folder: Path | None = None, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*EDGEPROF, *arguments], capture_output=True, text=True, cwd=folder, timeout=500,
        env={**os.environ, **variables}, errors="surrogateescape",
    )  # fmt: skip


def write_table(folder: Path, platforms: tuple[str, ...]) -> Path:
    path = folder / "table.csv"
    rows = [",".join(["arch", *(f'"{name}"' for name in platforms)])]
    rows += [",".join([arch, *(str(1 + index + row) for index in range(len(platforms)))])
             for row, arch in enumerate(("0 1", "1 0", "1 1"))]  # fmt: skip
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_as_it_is(name: str) -> None:
    console = PlainConsole(width=100)
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    with console.capture() as captured:
        console.print(name)
        console.print(table)
        console.print(styled(("x", "dim"), name))
    assert captured.get().count(name) == 5
    bar = new_bar()
    task = bar.add_task(name, detail=name)
    column = bar.columns[1]
    assert isinstance(column, PlainColumn)
    assert column.render(bar.tasks[task]).plain == name


def test_what_a_terminal_would_obey_is_written_out() -> None:
    console = PlainConsole(width=100)
    with console.capture() as captured:
        console.print("a\x1b[31mb\x07c\rd\x9be", styled("f\x1b]0;title\x07"))
    assert captured.get() == "a\\x1b[31mb\\x07c\\rd\\x9be f\\x1b]0;title\\x07\n"


def test_names_with_brackets_go_through_a_command(tmp_path: Path) -> None:
    done = run("import", str(write_table(tmp_path, NAMES)), "-o", "[red]t.npz", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in (*NAMES, "[red]t.npz"):
        assert name in done.stdout
    for verb in ("benchmark", "compare", "predict", "verify"):
        done = run(verb, "[/]", "[red]x[/]", folder=tmp_path)
        assert "Traceback" not in done.stderr
        assert "MarkupError" not in done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_names_are_no_formulas_in_pictures(name: str, tmp_path: Path) -> None:
    from edgeprof.measuring.verification import Verification, VerifiedArchitecture
    from edgeprof.plots.verification_plot import draw_verification

    items = tuple(
        VerifiedArchitecture(
            architecture=name, predicted_ms=ms, lower_ms=ms / 2, upper_ms=2 * ms, measured_ms=ms, is_converged=True
        )
        for ms in (1.0, 2.0, 3.0)
    )
    verification = Verification(platform=f"{name} $\\frac$", sample_count=3, architectures=items)
    assert draw_verification(verification, str(tmp_path / "x.svg")).stat().st_size > 0


@pytest.mark.parametrize("width", [24, 60, 120])
def test_tables_keep_their_numbers(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = PlainConsole(width=width)
    monkeypatch.setattr("edgeprof.cli.console.console", narrow)
    table = Table(box=None, pad_edge=False)
    numbers = [f"{1000.125 + number:.3f}" for number in range(8)]
    for number in numbers:
        table.add_column(f"platform {number}", justify="right", overflow="fold")
    table.add_column("architecture", overflow="fold")
    table.add_row(*numbers, CELL)
    with narrow.capture() as captured:
        print_table(table)
    assert all(number in captured.get() for number in numbers)


def test_json_has_no_numbers_that_json_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), (float("inf"), 1.5)], "b": None})
    said = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert said == {"a": [None, [None, 1.5]], "b": None}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_of_the_terminal_does(encoding: str, tmp_path: Path) -> None:
    table = write_table(tmp_path, ("bücher±°", "板"))
    variables = {"LANG": "C", "LC_ALL": "C", "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = run("import", str(table), "-o", "t.npz", folder=tmp_path, **variables)
    assert done.returncode == 0, done.stderr
    assert "3" in done.stdout and "2 platforms" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_file_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    done = run("predict", "\udcff.edgeprof", CELL, folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "\\udcff.edgeprof" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("verb", ["--help", "devices"])
def test_closed_streams_are_no_trouble(closed: str, verb: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$1" -m edgeprof {verb} {closed}', "sh", sys.executable],
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("verb", ["--help", "devices", "devices --json"])
def test_a_full_output_is_one_sentence(verb: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*EDGEPROF, *verb.split()], stdout=full, stderr=subprocess.PIPE, text=True, timeout=500)
    assert done.returncode == 1
    assert (done.stderr.count("\n"), "No space left on device" in done.stderr) == (1, True), done.stderr


def test_a_reader_that_leaves_is_no_trouble() -> None:
    done = subprocess.run(
        ["sh", "-c", '"$1" -m edgeprof --help | head -0', "sh", sys.executable],
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.stderr == ""


@pytest.mark.parametrize("verb", [("devices",), ("pair", "--forget", "board:1"), ("demo",)])
def test_a_user_without_home_and_name_is_told_what_to_set(verb: tuple[str, ...], tmp_path: Path) -> None:
    code = f"{NO_HOME}\nfrom edgeprof.cli import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, *verb], capture_output=True, text=True, timeout=500, cwd=tmp_path
    )
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
    assert "set HOME" in done.stderr
    assert not (tmp_path / "~").exists()


def test_an_agent_of_such_a_user_is_told_too(tmp_path: Path) -> None:
    code = f"{NO_HOME}\nfrom edgeprof_agent.__main__ import main\nsys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "hosts"], capture_output=True, text=True, timeout=500, cwd=tmp_path
    )
    assert (done.returncode, done.stderr.count("\n"), "HOME" in done.stderr) == (1, 1, True), done.stderr


HANGING = """
import signal, sys, time
import edgeprof.cli.interruption as interruption
interruption.END_S = 1.0
interruption.end_in_order_on_signals()
try:
    print("ready", flush=True)
    time.sleep(300)
finally:
    # As a channel that a signal struck while it closed: nothing in Python ends this.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGALRM})
    time.sleep(300)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_whose_end_hangs_ends_all_the_same(number: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", HANGING], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        begin_s = time.monotonic()
        process.send_signal(number)
        assert process.wait(timeout=120) == 128 + number
    assert time.monotonic() - begin_s < 60


STARTING = """
import os, signal, subprocess, sys, time
from edgeprof.cli.interruption import end_in_order_on_signals
end_in_order_on_signals()
def struck():
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(0.3)
child = None
try:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)"], preexec_fn=struck)
    time.sleep(20)
finally:
    print("nobody ends the child" if child is None else "ended", flush=True)
    if child is not None:
        child.kill()
        child.wait()
"""


def test_a_signal_that_strikes_while_a_process_starts_leaves_it_to_who_started_it() -> None:
    done = subprocess.run([sys.executable, "-c", STARTING], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (128 + signal.SIGTERM, "ended\n", "")
