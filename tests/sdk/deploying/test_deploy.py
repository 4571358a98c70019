"""`edgeprof deploy` over a real sshd: from nothing to a paired agent, killed at every step, and back to nothing."""

import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sdk.deploying.loopback_board import LoopbackBoard

import edgeprof
from edgeprof.devices.pairings import read_pairings
from edgeprof.errors import DeployError, InvalidArgumentError

pytestmark = pytest.mark.timeout(600)

EDGEPROF = (sys.executable, "-m", "edgeprof")
KILLED_HOST = Path(__file__).with_name("killed_host.py")
STEPS = ["look", "gather", "bring", "install", "service", "pair"]


class Recorder(edgeprof.DeployListener):
    def __init__(self) -> None:
        self.steps: list[str] = []
        self.texts: list[str] = []

    def on_step(self, step: Any, text: str) -> None:
        self.steps.append(step.value)
        self.texts.append(text)


def deploy(board: LoopbackBoard, recorder: Recorder | None = None, **arguments: Any) -> Any:
    given = {"listen": board.listen, "folder": str(board.folder), "ssh": board.ssh, **arguments}
    return edgeprof.deploy(board.target, (), listener=recorder, **given)


def undeploy(board: LoopbackBoard, **arguments: Any) -> list[str]:
    return edgeprof.undeploy(board.target, folder=str(board.folder), ssh=board.ssh, **arguments)


def command(board: LoopbackBoard) -> list[str]:
    options = ("--no-runtime", "--listen", board.listen, "--folder", str(board.folder), "--ssh", board.ssh)
    return [*EDGEPROF, "deploy", board.target, *options]


def test_one_call_brings_starts_and_pairs_and_the_same_call_changes_nothing_more(board: LoopbackBoard) -> None:
    recorder, again = Recorder(), Recorder()
    deployed = deploy(board, recorder)
    assert recorder.steps == STEPS
    assert (deployed.address, deployed.service, deployed.is_reachable) == (board.listen, "none", True)
    assert deployed.runtimes == ()
    with edgeprof.connect(deployed.address) as client:
        device = client.device()
    # One connection served all steps, so a password would have been asked for once.
    assert (board.home.parent / "sshd.log").read_text().count("Accepted publickey") == 1
    processes = board.processes()
    assert len(processes) == 1

    assert deploy(board, again).address == board.listen
    assert "0 of" in again.texts[again.steps.index("bring")]
    assert board.processes() == processes
    with edgeprof.connect(deployed.address) as client:
        assert client.device().device_id == device.device_id

    said = undeploy(board)
    assert any("removed the data" in line for line in said)
    assert "forgot the pairing." in said
    assert (board.processes(), read_pairings().certificates) == ([], {})
    assert board.everything() == []
    assert "there is no deployment" in undeploy(board)[0]


def test_an_update_restarts_the_agent_and_leaves_one_environment(
    board: LoopbackBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(board)
    before = board.processes()
    environment = next((board.folder / "environments").iterdir()).name
    # Another edgeprof has another wheel: here one file more.
    write = edgeprof.deploying.gathering.write_wheel  # type: ignore[attr-defined]

    def write_newer(name: str, folder: Path) -> Path:
        import zipfile

        path: Path = write(name, folder)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("edgeprof_agent/newer.txt", b"")
        return path

    monkeypatch.setattr("edgeprof.deploying.gathering.write_wheel", write_newer)
    recorder = Recorder()
    deploy(board, recorder)
    assert "1 of" in recorder.texts[recorder.steps.index("bring")]
    assert len(board.processes()) == 1
    assert board.processes() != before
    (left,) = (board.folder / "environments").iterdir()
    assert left.name != environment
    with edgeprof.connect(board.listen) as client:
        assert client.device().device_id


def test_results_stay_where_they_are_to_be_kept(board: LoopbackBoard) -> None:
    deploy(board)
    said = undeploy(board, keep_results=True)
    assert any("kept the data" in line for line in said)
    data = board.home / ".local/share/edgeprof-agent"
    assert (data / "device.crt").exists()
    assert not board.folder.exists()
    fingerprint = (data / "device.crt").read_bytes()
    deploy(board)
    assert (data / "device.crt").read_bytes() == fingerprint


# Its commands on the board in their order, and the gathering of the wheels; the long ones are also cut off.
KILLS = [
    ("look", "after"),
    *(("gather", moment) for moment in ("during", "after")),
    ("have", "after"),
    *((name, moment) for name in ("take", "prepare", "start") for moment in ("during", "after")),
    ("look 2", "after"),
    ("hosts", "after"),
]


def start_host(board: LoopbackBoard, act: str, at: str, moment: str) -> "subprocess.Popen[str]":
    command = (sys.executable, str(KILLED_HOST), act, board.target, board.listen, str(board.folder), board.ssh)
    return subprocess.Popen((*command, at, moment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def assert_it_ends_well(board: LoopbackBoard) -> None:
    done = subprocess.run(command(board), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert len(board.processes()) == 1
    with edgeprof.connect(board.listen) as client:
        assert client.device().device_id


def test_killed_at_every_step_the_same_command_goes_on(
    board: LoopbackBoard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is gathered yet.
    monkeypatch.setenv("EDGEPROF_CACHE", str(tmp_path / "cache"))
    for at, moment in KILLS:
        with start_host(board, "deploy", at, moment) as host:
            assert host.wait(timeout=120) == -signal.SIGKILL, f"{moment} {at}"
    assert_it_ends_well(board)
    for at, moment in [("look", "after"), ("cat", "after"), ("remove", "during"), ("remove", "after")]:
        with start_host(board, "remove", at, moment) as host:
            # What a removal that was killed began, the board ends; then there is nothing to remove any more.
            assert host.wait(timeout=120) in (-signal.SIGKILL, 0), f"{moment} {at}"
    undeploy(board, listen=board.listen)
    assert (board.processes(), board.folder.exists(), read_pairings().certificates) == ([], False, {})


def test_a_board_that_loses_its_power_at_a_step_is_deployed_by_the_same_command(board: LoopbackBoard) -> None:
    for at in ("take", "prepare", "start"):
        with start_host(board, "deploy", at, "told") as host:
            assert host.stdout is not None and host.stdout.readline() == "now\n", at
            board.lose_power()
    assert_it_ends_well(board)


def test_what_fails_leaves_the_board_as_it_was(board: LoopbackBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    before = board.everything()
    occupied = f"127.0.0.1:{board.ssh.split('-p ')[1].split()[0]}"
    with pytest.raises(DeployError, match="listen"):
        deploy(board, listen=occupied)
    assert (board.everything(), board.processes()) == (before, [])

    deploy(board)
    (environment,) = (board.folder / "environments").iterdir()
    files, processes = board.everything(), board.processes()
    with pytest.raises(DeployError, match="listen"):
        deploy(board, listen=occupied)
    assert [path for path in board.everything() if "agent.log" not in path] == [
        path for path in files if "agent.log" not in path
    ]
    assert len(board.processes()) == len(processes) == 1
    with edgeprof.connect(board.listen) as client:
        assert client.device().device_id
    assert environment.exists()


def test_a_folder_with_other_files_is_left_alone(board: LoopbackBoard) -> None:
    board.folder.mkdir()
    (board.folder / "thesis.tex").touch()
    for act in (deploy, undeploy):
        with pytest.raises(DeployError, match="holds other files"):
            act(board)
    assert (board.folder / "thesis.tex").exists()


def test_a_board_that_does_not_answer_is_one_sentence(board: LoopbackBoard) -> None:
    with pytest.raises(DeployError, match=r"ssh has no connection to .* \(.*Permission denied"):
        deploy(board, ssh=board.ssh.replace("user_key", "host_key"))
    for target in ("", "-oProxyCommand=x", "a b"):
        with pytest.raises(InvalidArgumentError, match="HOST"):
            edgeprof.deploy(target)
    with pytest.raises(InvalidArgumentError, match="is missing here"):
        edgeprof.deploy("board", ssh="nossh -p 1")


@pytest.fixture
def unpacked(board: LoopbackBoard, tmp_path: Path) -> Iterator[Path]:
    """The archive for a stick, unpacked."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    libc = os.confstr("CS_GNU_LIBC_VERSION") or "glibc 2.28"
    platform = f"linux-{os.uname().machine}-{libc.replace(' ', '')}"
    archive = edgeprof.pack_agent(platform, python, tmp_path / "agent.tar.gz", ())
    with tarfile.open(archive) as file:
        file.extractall(tmp_path / "stick")
    yield tmp_path / "stick" / "edgeprof-agent"


def test_a_stick_installs_the_same_and_removes_it(board: LoopbackBoard, unpacked: Path) -> None:
    environment = {**os.environ, "HOME": str(board.home), "PATH": f"{board.home.parent}/bin:/usr/bin:/bin"}
    environment["EDGEPROF_AGENT_DISK_RESERVE_BYTES"] = "0"
    script = ["sh", str(unpacked / "install.sh"), "--folder", str(board.folder)]
    done = subprocess.run(
        [*script, "--listen", board.listen], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    assert len(board.processes()) == 1
    record = json.loads((board.folder / "deployment.json").read_text())
    assert (record["listen"], record["service"]) == (board.listen, "none")
    # What the stick brought, ssh finds again and pairs with.
    assert deploy(board).address == board.listen
    done = subprocess.run([*script, "--remove"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (board.processes(), board.folder.exists()) == ([], False)
