"""A device whose clock is set back and forward in the middle of an onboarding."""

from pathlib import Path

import pytest

import edgeprof
from edgeprof.onboarding import Goal, OnboardingListener
from edgeprof.store import Probe, Store
from edgeprof.testing import SimulatedDevice
from edgeprof_proto.records.measurement import Measurement

SHIFTS_S = (0.0, -315_000_000.0, 315_000_000.0, -3_600.0)
SHIFTED_CLOCK = """
import os, time

real_time = time.time
shift_s = 0.0


def shifted_time():
    global shift_s
    try:
        with open(os.environ["DEVICE_CLOCK_SHIFT"]) as file:
            shift_s = float(file.read())
    except (OSError, ValueError):
        pass  # a confined worker may not read it; it has done so once
    return real_time() + shift_s


shifted_time()
time.time = shifted_time
"""


class ClockSetter(OnboardingListener):
    """Sets the device's clock after each measurement."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._count = 0
        self.start_times: list[float] = []

    def on_probe_measured(self, probe: Probe, measurement: Measurement) -> None:
        self._count += 1
        self.start_times.append(measurement.start_time)
        self._file.write_text(str(SHIFTS_S[self._count % len(SHIFTS_S)]))


def test_a_clock_that_is_set_changes_no_result(
    own_edgeprof_folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles, samples = [], []
    for is_set in (False, True):
        folder = tmp_path / f"set-{is_set}"
        folder.mkdir()
        shift = folder / "shift"
        shift.write_text("0")
        listener = ClockSetter(shift) if is_set else OnboardingListener()
        (folder / "sitecustomize.py").write_text(SHIFTED_CLOCK)
        with monkeypatch.context() as patch:
            patch.setenv("PYTHONPATH", str(folder))
            patch.setenv("DEVICE_CLOCK_SHIFT", str(shift))
            patch.setenv("EDGEPROF_AGENT_WORKER_VARIABLES", "PYTHONPATH,DEVICE_CLOCK_SHIFT")
            device = SimulatedDevice(folder / "device")
            device.start()
        with Store(folder / "store.sqlite3") as store:
            try:
                with edgeprof.connect(device.address) as client:
                    onboarded = edgeprof.onboard(
                        client,
                        "nasbench201",
                        setting=device.setting,
                        goal=Goal(sample_count=3),
                        store=store,
                        listener=listener,
                    )
            finally:
                device.stop()
        profiles.append(onboarded.profile.samples.latency_ms.tolist())
        samples.append(onboarded.report.samples)
        if isinstance(listener, ClockSetter):
            # The clock was indeed set.
            assert max(listener.start_times) - min(listener.start_times) > 600_000_000
            assert listener.start_times != sorted(listener.start_times)
    assert profiles[0] == profiles[1]
    assert samples[0] == samples[1]
