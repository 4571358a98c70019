"""Systems that end a process for trying a safeguard, as Android does: tried in children, and measured without it."""

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from device_agent.conftest import WriteModel
from device_agent.isolation.killing_filter import LANDLOCK, MOUNT, command_under

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import WorkerNotStartedError
from edgeprof_agent.isolation import checks, kernel
from edgeprof_agent.isolation.checks import isolation_checks
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_agent.isolation.safeguards import FILES, NETWORK, SCRATCH, SYSTEM_CALLS
from edgeprof_agent.isolation.usable_safeguards import UsableSafeguards
from edgeprof_agent.jobs.worker_process import WorkerProcess
from edgeprof_proto.records.check import CheckLevel
from edgeprof_proto.records.job import Failure
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement

KILLED = (*LANDLOCK, *MOUNT[kernel.machine()])
TRIAL = ("-m", "edgeprof_agent.isolation.trial")
PLAN = MeasurementPlan(warmup_duration_ms=1, timed_duration_ms=1, timed_run_count=10).filled()


def _unusable(data_dir: Path, command: tuple[str, ...]) -> dict[str, str]:
    return dict(asyncio.run(UsableSafeguards(AgentConfig(data_dir=data_dir), os.environ, command).unusable()))


def _measure(data_dir: Path, model: Path, *, is_tried_first: bool) -> Measurement | Failure:
    config = AgentConfig(data_dir=data_dir)
    spec = JobSpec(
        model_sha256=hashlib.sha256(model.read_bytes()).hexdigest(), setting=Setting(runtime="onnxruntime"), plan=PLAN
    )
    worker = WorkerProcess(
        data_dir / "scratch",
        job_duration_s=60,
        command=command_under(KILLED, "-m", "edgeprof_agent.worker.main"),
        environment=worker_environment(config, os.environ),
        plan_isolation=lambda scratch_dir: plan_isolation(config, scratch_dir, os.environ),
        safeguards=UsableSafeguards(config, os.environ, command_under(KILLED, *TRIAL)) if is_tried_first else None,
    )
    return asyncio.run(worker.run(model, spec, attempt=1))


def test_a_worker_measures_where_the_system_ends_processes_for_landlock_and_mount(
    tmp_path: Path, write_model: WriteModel
) -> None:
    data_dir = tmp_path / "agent"
    data_dir.mkdir()
    model = write_model(data_dir / "model.onnx")
    with pytest.raises(WorkerNotStartedError, match="SIGSYS"):
        _measure(data_dir, model, is_tried_first=False)
    measurement = _measure(data_dir, model, is_tried_first=True)
    assert isinstance(measurement, Measurement), measurement
    assert measurement.median_interval is not None, "which takes five blocks"


def test_what_ends_a_process_is_found_out_and_nothing_else_is_given_up(tmp_path: Path) -> None:
    unusable = _unusable(tmp_path, command_under(KILLED, *TRIAL))
    assert set(unusable) == {SCRATCH, FILES}
    assert all("SIGSYS" in reason for reason in unusable.values())
    assert list(tmp_path.iterdir()) == [], "the trial leaves nothing"


def test_a_system_that_allows_all_of_it_loses_nothing(tmp_path: Path) -> None:
    assert _unusable(tmp_path, (sys.executable, *TRIAL)) == {}


BAD_STEPS = {
    NETWORK: "kernel.unshare = bad",
    FILES: "landlock.restrict = bad",
    SYSTEM_CALLS: "seccomp.install = bad",
}


@pytest.mark.parametrize("name", BAD_STEPS)
@pytest.mark.parametrize("end", ["signal.pause()", "1 / 0", "os.kill(os.getpid(), signal.SIGSEGV)"])
def test_a_safeguard_that_hangs_fails_or_crashes_is_passed_over(tmp_path: Path, name: str, end: str) -> None:
    program = (
        "import os, signal, sys\n"
        "from edgeprof_agent.isolation import kernel, landlock, seccomp, trial\n"
        "trial.CHILD_DURATION_S = 1.0\n"
        f"def bad(*arguments): {end}\n{BAD_STEPS[name]}\nsys.exit(trial.main())"
    )
    assert list(_unusable(tmp_path, (sys.executable, "-c", program))) == [name]


def test_the_trial_is_made_once_for_each_start_whatever_comes_of_it(tmp_path: Path) -> None:
    count = tmp_path / "count"
    program = f"open({str(count)!r}, 'a').write('x'); import sys; sys.exit('no luck')"
    data_dir = tmp_path / "agent"
    data_dir.mkdir()

    async def ask() -> None:
        safeguards = UsableSafeguards(AgentConfig(data_dir=data_dir), os.environ, (sys.executable, "-c", program))
        answers = await asyncio.gather(*[safeguards.unusable() for _ in range(3)])
        assert answers == [{}, {}, {}]

    asyncio.run(ask())
    assert count.read_text() == "x"


def test_the_doctor_says_what_is_not_in_force_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TRIAL_COMMAND", command_under(KILLED, *TRIAL))
    monkeypatch.setattr(checks, "PROBE_COMMAND", command_under(KILLED, "-m", "edgeprof_agent.isolation.probe"))
    found = {check.name: check for check in isolation_checks(AgentConfig(data_dir=tmp_path))}
    for name in (SCRATCH, FILES):
        assert found[name].level is CheckLevel.WARNING
        assert signal.Signals.SIGSYS.name in found[name].finding and found[name].remedy
    assert found[SYSTEM_CALLS].level is CheckLevel.GOOD
    assert "open a socket" in found["worker trial"].finding


CHILD_WITHOUT_STDERR = """
import os, sys
from pathlib import Path
from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation import trial
from edgeprof_agent.isolation.plan import plan_isolation
folder = Path(sys.argv[1])
try:
    told, end = trial._try_in_child(plan_isolation(AgentConfig(data_dir=folder), folder, os.environ), folder / "absent")
    print("checks" in (told[-1] if told else {}), end)
finally:
    print("went on", flush=True)
"""


def test_a_child_that_cannot_say_what_failed_ends_all_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD_WITHOUT_STDERR, str(tmp_path)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True, timeout=60)
    assert done.stdout == "False failed\nwent on\n"
