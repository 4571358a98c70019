"""What the owner of a board does with its jobs, while the agent runs and while it does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def owner(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edgeprof_agent", "jobs", "--data-dir", str(tmp_path / "agent"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("is_running", [True, False])
def test_owner_lists_exports_and_drops_what_is_kept(start_agent, tmp_path: Path, is_running: bool) -> None:
    agent = start_agent()
    agent.upload()
    for job_id in ("a", "b"):
        agent.create_job(job_id)
        list(agent.watch_job(job_id))
    events = [event.sequence for event in agent.watch_job("a")]
    if not is_running:
        agent.stop()
    listed = owner(tmp_path)
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [["b", "succeeded"], ["a", "succeeded"]]

    exported = tmp_path / "results.jsonl"
    assert owner(tmp_path, "--export", str(exported), "--drop", "b").returncode == 0
    lines = [json.loads(line) for line in exported.read_text().splitlines()]
    assert [line["job"]["job_id"] for line in lines if "job" in line] == ["b", "a"]
    assert [line["sequence"] for line in lines if line.get("job_id") == "a"] == events
    runs = [line["event"]["latency_ms"] for line in lines if "latency_ms" in (line.get("event") or "")]
    assert runs[:3] == [[9.0, 1.0], [1.0, 2.0], [3.0]]
    assert owner(tmp_path, "--export", str(exported)).returncode == 1, "a file that exists is left alone"

    assert [line.split()[0] for line in owner(tmp_path).stdout.splitlines()] == ["a"]
    assert owner(tmp_path, "--drop-all").stdout == "dropped 1 jobs\n"
    assert owner(tmp_path).stdout == ""
    if is_running:
        agent.create_job("c")
        list(agent.watch_job("c"))


def test_owner_is_told_what_cannot_be_dropped(start_agent, tmp_path: Path) -> None:
    agent = start_agent()
    agent.upload()
    agent.create_job("runs", "hang")
    agent.wait_for_block("runs")
    running = owner(tmp_path, "--drop", "runs")
    assert running.returncode == 1 and "runs has not ended" in running.stderr
    unknown = owner(tmp_path, "--drop", "x")
    assert unknown.returncode == 1 and "no job 'x'" in unknown.stderr
    elsewhere = subprocess.run(
        [sys.executable, "-m", "edgeprof_agent", "jobs", "--data-dir", str(tmp_path)], capture_output=True, text=True
    )
    assert elsewhere.returncode == 1 and "--data-dir" in elsewhere.stderr
