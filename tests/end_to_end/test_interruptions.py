"""An interrupted onboarding, verification or comparison ends as an undisturbed one, to the last digit.

EDGEPROF_INTERRUPTED_STEPS=all interrupts at every step, which takes hours; else one of them for each.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("interruptions.py")
STEPS = os.environ.get("EDGEPROF_INTERRUPTED_STEPS", "")


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
def test_what_was_interrupted_ends_as_what_was_not(
    procedure: str, victim: str, steps: str, own_edgeprof_folders: Path, tmp_path: Path
) -> None:
    command = [sys.executable, str(PROGRAM), str(tmp_path), procedure, victim, STEPS or steps]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(ended.stdout.splitlines()[-1]) == {}
