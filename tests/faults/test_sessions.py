"""Onboardings, verifications and comparisons that are interrupted, or asked for twice at once.

EDGEPROF_INTERRUPTED_STEPS=all interrupts at every step, which takes hours; else one of them for each.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults.rows import fault

import edgeprof
from edgeprof.onboarding import Goal
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.bundle import load_bundle

PROGRAM = Path(__file__).with_name("interruptions.py")
STEPS = os.environ.get("EDGEPROF_INTERRUPTED_STEPS", "")

WAIT_S = 3.0
HOLDER = f"""
import os, signal, sys, time
from datetime import datetime, timezone
import edgeprof
from edgeprof.onboarding.api import ONBOARDING
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
with edgeprof.connect(sys.argv[1]) as client:
    platform = resolve_platform(client.device(), edgeprof.Setting(runtime="simulated"))
with Store(sys.argv[2]) as store, store.session(platform, "nasbench201", 0, purpose=ONBOARDING) as record:
    print(record.session_id, flush=True)
    sys.stdin.readline()
    time.sleep({WAIT_S})
    if sys.argv[3] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    store.end_session(record, datetime.now(timezone.utc))
"""


@pytest.mark.timeout(0 if STEPS else 600)
@pytest.mark.parametrize(
    ("procedure", "victim", "steps"),
    # One of each: they take half a minute each. The others are for a run by hand.
    [
        ("onboarding", "host", "91"),
        ("verification", "agent", "50"),
        ("comparison", "host", "21"),
    ],
)
@fault(
    fault="kill -9 of the host or of the agent at a step of an onboarding, a verification or a comparison",
    sees="Of a killed host: the same command goes on where the session stood. Of a killed agent: the host waits until "
    "it is back, and goes on.",
    kept="Every measurement and decision. The session ends with the same set of measurements and the same figures as "
    "an undisturbed one.",
)
def test_what_was_interrupted_ends_as_what_was_not(
    procedure: str, victim: str, steps: str, own_edgeprof_folders: Path, tmp_path: Path
) -> None:
    command = [sys.executable, str(PROGRAM), str(tmp_path), procedure, victim, STEPS or steps]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(ended.stdout.splitlines()[-1]) == {}


@pytest.mark.parametrize("end", ["finished", "killed"])
@fault(
    fault="Two onboardings of the same platform, space and seed at once, the first of which ends or is killed",
    sees="The second one says which process it waits for, then goes on with a session that the first has left, or "
    "begins its own. The wait does not count towards its budget.",
    kept="Everything that the first has measured; nothing is measured twice for one session.",
)
def test_a_second_onboarding_waits_for_the_first(
    end: str, simulated_device: SimulatedDevice, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "store.sqlite3"
    # Loaded again, it takes moments, which are the part of the wait that counts.
    load_bundle("nasbench201")
    command = [sys.executable, "-c", HOLDER, simulated_device.address, str(path), end]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdin is not None and first.stdout is not None
        first_session = first.stdout.readline().strip()
        first.stdin.write("\n")
        first.stdin.flush()
        begin = time.monotonic()
        with edgeprof.connect(simulated_device.address) as client:
            onboarded = edgeprof.onboard(
                client, "nasbench201", setting=simulated_device.setting, goal=Goal(sample_count=3), store=path
            )
        took_s = time.monotonic() - begin
    assert f"process {first.pid} is at the same onboarding" in caplog.text
    assert (onboarded.profile.provenance["onboarding_session"] == first_session) is (end == "killed")
    # A part of the wait passes while the onboarding loads its predictor, which counts.
    waited_s = WAIT_S - onboarded.report.seconds_by_step["loading the predictor"] - 0.5
    assert waited_s > 0
    assert onboarded.report.history[-1].elapsed_s <= took_s - waited_s
