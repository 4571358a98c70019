"""Slow links and slow boards: patience counts from the last progress, and long answers are waited for."""

import hashlib
import os
import sys
from pathlib import Path

import pytest
from device_agent.agent_process import StartAgent, start_agent  # noqa: F401  (a fixture)

import edgeprof
from edgeprof.devices import waiting
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.waiting import Progress
from edgeprof.errors import AgentUnavailableError
from edgeprof.testing import Link, SimulatedDevice

FASTER = 6
"""How many times as fast as in use everything goes in the test of a slow description: limits and board alike."""

CONTENT = os.urandom(400_000)


def test_patience_begins_anew_whenever_an_upload_has_gone_forward(simulated_device: SimulatedDevice) -> None:
    link = Link(simulated_device.address, bytes_per_s=100_000, cut_after_bytes=350_000)
    with link, DeviceClient(link.address, patience_s=1.5) as client:
        # It breaks off after more than its patience, and goes on from there.
        assert client._patiently(lambda: client.upload_content(CONTENT)) == hashlib.sha256(CONTENT).hexdigest()


def test_a_silent_agent_is_given_up_after_the_patience(simulated_device: SimulatedDevice) -> None:
    with Link(simulated_device.address) as link:
        client = DeviceClient(link.address, patience_s=1.0)
    with client, pytest.raises(AgentUnavailableError):
        client._patiently(lambda: client.job_status("a"))


def test_an_upload_that_stands_still_is_given_up(
    simulated_device: SimulatedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "STALL_S", 1.0)
    link = Link(simulated_device.address, bytes_per_s=1_000)
    with link, edgeprof.connect(link.address) as client, pytest.raises(AgentUnavailableError, match="stands still"):
        client.upload_content(CONTENT)


def test_patience_counts_from_the_last_progress() -> None:
    now_s = [0.0]
    progress = Progress(lambda: now_s[0])
    now_s[0] = 50.0
    assert progress.idle_s() == 50.0
    progress.note()
    now_s[0] = 55.0
    assert progress.idle_s() == 5.0


def test_a_board_that_describes_itself_slowly_is_waited_for_and_described_once(
    start_agent: StartAgent,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The board needs 45 s for its description, of 60 s that its agent allows; a first host gives up after 20 s."""
    monkeypatch.setattr(waiting, "NOTICE_AFTER_S", waiting.NOTICE_AFTER_S / FASTER)
    starts = tmp_path / "starts"
    program = (
        "import runpy, sys, time\n"
        "sys.path.insert(0, str(sys.argv.pop(1)))\n"
        "import scripted\n"
        "if sys.argv[1] == 'describe':\n"
        f"    open({str(starts)!r}, 'a').write('x')\n"
        f"    time.sleep({45 / FASTER})\n"
        "    scripted.describe()\n"
        "else:\n"
        "    from edgeprof_agent.device import description_process\n"
        f"    description_process.DESCRIBE_DURATION_S /= {FASTER}\n"
        "    scripted.__file__ = sys.argv[2]\n"
        "    scripted.serve()\n"
    )
    wrapper = tmp_path / "slow.py"
    folder = Path(__file__).parents[2] / "device_agent"
    wrapper.write_text(program.replace("str(sys.argv.pop(1))", repr(str(folder))))
    agent = start_agent(command=(sys.executable, str(wrapper), "serve", str(wrapper)))
    with edgeprof.connect(agent.address) as client:
        with monkeypatch.context() as patch:
            patch.setattr(waiting, "LONG_ANSWER_S", 20.0 / FASTER)
            with pytest.raises(AgentUnavailableError):
                client.device()
        monkeypatch.setattr(waiting, "LONG_ANSWER_S", waiting.LONG_ANSWER_S / FASTER)
        assert client.device().host_name == "here"
    assert starts.read_text() == "x"
    assert "describes itself; a slow board takes a minute" in caplog.text
