"""Disks that are full, read-only or damaged, a clock that is wrong, and two agents over one folder."""

import os
import re
import sqlite3
import subprocess
from pathlib import Path

import pytest
from faults.conftest import IN_NAMESPACE, SERVE, Bench, acting, go_on, host_process
from faults.rows import fault

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import DeviceDiskFullError, ModelTransferError, RemoteError
from edgeprof_agent.trust.identity import CERTIFICATE_FILE, make_identity
from edgeprof_proto.records.job_spec import JobSpec


def on_own_disk(folder: Path, options: str) -> tuple[str, ...]:
    """Start of a command line that runs with a small disk at a folder; nobody else sees the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    return (*IN_NAMESPACE, "sh", "-c", f'mount -t tmpfs -o {options} none {folder} && exec "$@"', "sh")


def seen_by(pid: int, path: Path) -> Path:
    """The same file where a process sees it."""
    return Path(f"/proc/{pid}/root{path}")


def fill(folder: Path) -> Path:
    """Fill the disk of a folder, to the last byte; returns the file that does."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    return filler


def refusal(*prefix: str, data_dir: Path) -> str:
    """Start an agent that is expected to refuse, and return its sentence."""
    variables = {"EDGEPROF_AGENT_DATA_DIR": str(data_dir), "EDGEPROF_AGENT_LISTEN": "127.0.0.1:0"}
    command = (*prefix, SERVE[0], "-m", "edgeprof_agent", "serve")
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, env={**os.environ, **variables})
    assert (ended.returncode, ended.stderr.count("\n"), ended.stdout) == (1, 1, "")
    return ended.stderr


@fault(
    fault="The disk of the agent's journal is full",
    sees="DISK_FULL with what to do; once there is room the same command goes on.",
    kept="All that was measured before; nothing is half written.",
)
def test_full_disk_of_the_journal_refuses_and_recovers(bench: Bench) -> None:
    prefix = on_own_disk(bench.agent_dir, "size=1m")
    agent = bench.start_agent(command=(*prefix, *SERVE))
    with DeviceClient(agent.address) as client:
        bench.measure(client, "a")
        spec = JobSpec(model_sha256=client.upload_model(bench.model), setting=acting("measure"))
        filler = fill(seen_by(agent.process.pid, bench.agent_dir))
        with pytest.raises(DeviceDiskFullError, match="free some disk space"):
            for number in range(100):
                client.create_job(f"b{number}", spec)
        filler.unlink()
        bench.measure(client, "c")
    for job_id in "ac":
        bench.assert_counted_once(agent, job_id)


@fault(
    fault="The disk of the models or of the uploads is full",
    sees="DISK_FULL with what to do; the part is removed, so that the board has its space back.",
    kept="The models and results that were there.",
)
@pytest.mark.parametrize("folder", ["models", "uploads"])
def test_full_disk_of_the_models_refuses_and_recovers(bench: Bench, folder: str) -> None:
    # Of one disk with the parts, as in life: a rename must stay on its file system.
    prefix = on_own_disk(bench.agent_dir, "size=1m")
    agent = bench.start_agent(command=(*prefix, *SERVE))
    seen = seen_by(agent.process.pid, bench.agent_dir)
    with DeviceClient(agent.address) as client:
        bench.measure(client, "a")
        if folder == "models":
            (seen / "models" / ("0" * 64)).write_bytes(bytes(300_000))
        bench.model.write_bytes(os.urandom(900_000))
        with pytest.raises(DeviceDiskFullError):
            bench.measure(client, "b")
        assert not list((seen / "uploads").iterdir())
        bench.model.write_bytes(os.urandom(50_000))
        bench.measure(client, "c")
    for job_id in "ac":
        bench.assert_counted_once(agent, job_id)


@fault(
    fault="The disk of the workers' scratch folder is full",
    sees="The job fails with WORKER_CRASHED and the system's error text; the next job runs once there is room.",
    kept="All that was measured before.",
)
def test_full_disk_of_the_scratch_folder_fails_the_job_by_name(bench: Bench) -> None:
    agent = bench.start_agent(command=(*on_own_disk(bench.agent_dir, "size=2m,nr_inodes=40"), *SERVE))
    seen = seen_by(agent.process.pid, bench.agent_dir)
    with DeviceClient(agent.address) as client:
        bench.measure(client, "a")
        fillers = []
        with pytest.raises(OSError, match="No space"):
            for number in range(100):
                fillers.append(seen / f"filler-{number}")
                fillers[-1].touch()
        with pytest.raises(RemoteError, match="No space") as caught:
            bench.measure(client, "b")
        assert caught.value.reason == "ERROR_REASON_WORKER_CRASHED"
        for filler in fillers[:-1]:
            filler.unlink()
        bench.measure(client, "c")
    for job_id in "ac":
        bench.assert_counted_once(agent, job_id)


@fault(
    fault="The disk of the host's store is full when a result arrives",
    sees="The host ends with a sentence that names the store; the same command goes on once there is room.",
    kept="The result, on the device, since it was not acknowledged; it is not measured again.",
)
def test_full_disk_of_the_store_leaves_the_result_on_the_device(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = bench.start_agent()
    disk = tmp_path / "small"
    with monkeypatch.context() as patch:
        patch.setenv("EDGEPROF_STORE", str(disk / "store.sqlite3"))
        prefix = on_own_disk(disk, "size=1m")
        with host_process(agent, "a", "measure", bench.model, "measured", prefix=prefix) as host:
            fill(seen_by(host.pid, disk))
            status, complaint = go_on(host)
    assert status == 1
    assert re.search(r"the store \S+ cannot be used .* free the disk", complaint)
    assert not agent.get_job("a").HasField("acknowledge_time")
    with DeviceClient(agent.address) as client:
        bench.measure(client, "a")
    bench.assert_counted_once(agent, "a")


@fault(
    fault="The agent's folder is read-only when the agent starts",
    sees="The agent refuses in one sentence that names the folder.",
    kept="Everything, untouched.",
)
def test_read_only_folder_is_refused_in_one_sentence(bench: Bench) -> None:
    bench.start_agent().stop()
    script = (
        f'mount --bind {bench.agent_dir} {bench.agent_dir} && mount -o remount,ro,bind {bench.agent_dir} && exec "$@"'
    )
    sentence = refusal(*IN_NAMESPACE, "sh", "-c", script, "sh", data_dir=bench.agent_dir)
    assert str(bench.agent_dir) in sentence and "--data-dir" in sentence


@fault(
    fault="The clock is set back or forward by ten years between jobs",
    sees="Wrong times of day beside the jobs, and nothing else.",
    kept="The order of the queue, which goes by arrival; every result; leases, which use the monotonic clock.",
)
@pytest.mark.parametrize("shift_s", [-315_000_000, 315_000_000], ids=["back", "forward"])
def test_clock_that_was_set_changes_no_order_and_no_result(bench: Bench, shift_s: int) -> None:
    agent = bench.start_agent()
    with DeviceClient(agent.address) as client:
        bench.measure(client, "a")
        client.upload_model(bench.model)
        agent.create_job("running", "hang")
        agent.wait_for_block("running")
        agent.create_job("b")
        agent.kill()
        # What the journal holds was written before the clock was set: its times are off by the same, the other way.
        with sqlite3.connect(bench.agent_dir / "journal.sqlite3") as journal:
            journal.execute(
                "UPDATE jobs SET create_time = create_time - ?, end_time = end_time - ?", (shift_s, shift_s)
            )
        journal.close()
        agent = bench.restart(agent)
        agent.create_job("c")
        assert [agent.get_job(job_id).queue_position for job_id in "bc"] == [1, 2]
        agent.cancel_job("running")
        for job_id in "bc":
            bench.measure(client, job_id)
        client.acknowledge("abc")
    for job_id in "abc":
        bench.assert_counted_once(agent, job_id)


@fault(
    fault="The journal is damaged",
    sees="The agent refuses to start, in one sentence with what to do.",
    kept="The file, as it was found.",
)
def test_damaged_journal_is_refused_and_left_as_it_is(bench: Bench) -> None:
    agent = bench.start_agent()
    with DeviceClient(agent.address) as client:
        for number in range(3):
            bench.measure(client, f"a{number}")
    agent.stop()
    path = bench.agent_dir / "journal.sqlite3"
    content = bytearray(path.read_bytes())
    content[4096 : len(content) : 64] = bytes(len(content[4096 : len(content) : 64]))
    path.write_bytes(content)
    sentence = refusal(data_dir=bench.agent_dir)
    assert str(path) in sentence and "move it away" in sentence
    assert path.read_bytes() == content


@fault(
    fault="A model on the device's disk has changed since it was uploaded",
    sees="The job fails with MODEL_CORRUPT before anything is measured; the next one uploads the model anew.",
    kept="No sample of the changed model.",
)
def test_changed_model_is_noticed_before_it_is_measured(bench: Bench) -> None:
    agent = bench.start_agent()
    with DeviceClient(agent.address) as client:
        sha256 = client.upload_model(bench.model)
        path = bench.agent_dir / "models" / sha256
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
        with pytest.raises(ModelTransferError, match="changed"):
            bench.measure(client, "a")
        assert not [event for event in agent.watch_job("a") if event.HasField("block")]
        bench.measure(client, "b")
    bench.assert_counted_once(agent, "b")


@fault(
    fault="What had arrived of an upload has changed on the device's disk",
    sees="Nothing: the host uploads the model anew.",
    kept="Only models whose hash is the announced one.",
)
def test_changed_part_of_an_upload_is_uploaded_anew(bench: Bench) -> None:
    agent = bench.start_agent()
    content = bench.model.read_bytes()
    with DeviceClient(agent.address) as client:
        sha256 = client.upload_model(bench.model)
        (bench.agent_dir / "models" / sha256).unlink()
        (bench.agent_dir / "uploads" / f"{sha256}.part").write_bytes(b"x" + content[1:3000])
        bench.measure(client, "a")
    bench.assert_counted_once(agent, "a")


@fault(
    fault="A second agent is started over the same folder",
    sees="The second one refuses in one sentence; the first one goes on.",
    kept="Everything.",
)
def test_second_agent_over_one_folder_is_refused(bench: Bench) -> None:
    agent = bench.start_agent()
    assert "another agent uses the data folder" in refusal(data_dir=bench.agent_dir)
    with DeviceClient(agent.address) as client:
        bench.measure(client, "a")
    bench.assert_counted_once(agent, "a")


@fault(
    fault="The device's certificate is damaged",
    sees="The agent refuses to start, in one sentence that names the file and what to do.",
    kept="Everything; hosts that are paired stay so once the file is restored.",
)
def test_damaged_certificate_is_refused_in_one_sentence(bench: Bench) -> None:
    make_identity(bench.agent_dir)
    certificate = bench.agent_dir / CERTIFICATE_FILE
    content = certificate.read_bytes()
    certificate.write_bytes(content[:200])
    sentence = refusal(data_dir=bench.agent_dir)
    assert str(certificate) in sentence and "restore it from a backup" in sentence
    certificate.write_bytes(content)
    bench.start_agent()
