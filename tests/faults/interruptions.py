"""Onboarding, verification and comparison, interrupted at one of their steps and started again.

    python interruptions.py FOLDER PROCEDURE host|agent STEP,STEP,...|all

Each run has a process and a store of its own; `host` ends that process by SIGKILL, `agent` the device's agent. A step
is a write to the store (before and after it) or an event of a job. The last line is the JSON of what differs.
"""

import dataclasses
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import edgeprof
from edgeprof.exporters.onnx import export_architecture
from edgeprof.folders import default_model_folder
from edgeprof.onboarding import Goal, OnboardingListener
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
from edgeprof.testing import SimulatedDevice
from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.job import JobEvent

SPACE = get_space("nasbench201")
UNSEEN = SPACE.sample(20, seed=99)
WRITES = (
    *("resume_or_begin_session", "plan_probes", "begin_attempt", "end_attempt", "record_measurement"),
    *("record_status", "record_decision", "end_session"),
)
PLAN = edgeprof.MeasurementPlan(
    warmup_run_count=6, warmup_duration_ms=0.1, timed_run_count=25, timed_duration_ms=0.1, block_count=5
)


class Steps:
    """Counts steps, and does something at one of them."""

    def __init__(self, at: int | None, act: Callable[[], None]) -> None:
        self.count = 0
        self._at = at
        self._act = act

    def step(self, *_: object) -> None:
        self.count += 1
        if self.count == self._at:
            self._act()


def stepped_store(path: Path, steps: Steps) -> Store:
    """A store whose writes are steps."""

    def stepped(name: str) -> Callable[..., Any]:
        def call(self: Store, *arguments: Any, **named: Any) -> Any:
            steps.step()
            result = getattr(Store, name)(self, *arguments, **named)
            steps.step()
            return result

        return call

    return type("SteppedStore", (Store,), {name: stepped(name) for name in WRITES})(path)  # type: ignore[no-any-return]


class SteppedListener(OnboardingListener):
    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def on_job_event(self, event: JobEvent) -> None:
        self._steps.step()


def onboard(client: edgeprof.DeviceClient, store: Store, steps: Steps, folder: Path) -> Any:
    onboarded = edgeprof.onboard(
        client,
        SPACE.name,
        setting=SimulatedDevice.setting,
        goal=Goal(sample_count=3),
        store=store,
        listener=SteppedListener(steps),
    )
    onboarded.profile.save(folder / "profile.edgeprof")
    report = onboarded.report
    history = [(status.sample_count, to_json(status.expected), status.next_error) for status in report.history]
    prediction = onboarded.profile.predict(UNSEEN)
    arrays = (prediction.latency_ms, prediction.lower_ms, prediction.upper_ms)
    return {
        "history": history,
        "prediction": [array.tolist() for array in arrays],
        "samples": report.samples,
        "stop_reason": report.stop_reason,
        "anchor_check_count": report.anchor_check_count,
    }


def verify(client: edgeprof.DeviceClient, store: Store, steps: Steps, folder: Path) -> Any:
    verification = edgeprof.verify(
        client,
        folder / "profile.edgeprof",
        count=4,
        store=store,
        listener=SteppedListener(steps),
    )
    return dataclasses.asdict(verification)


def compare(client: edgeprof.DeviceClient, store: Store, steps: Steps, folder: Path) -> Any:
    models = [export_architecture(SPACE, item, default_model_folder()) for item in UNSEEN[:2]]
    candidates = [edgeprof.Candidate(name=model.name, model=model, setting=SimulatedDevice.setting) for model in models]
    found = edgeprof.compare(
        client, candidates[0], candidates[1], pair_count=5, plan=PLAN, store=store, on_measurement=steps.step
    )
    return {"ratio": found.ratio, "interval": (found.lower, found.upper), "order": [p.is_a_first for p in found.pairs]}


PROCEDURES = {"onboarding": onboard, "verification": verify, "comparison": compare}


def measured(store: Store, client: edgeprof.DeviceClient) -> list[Any]:
    """What is in the store, in its order: model and samples."""
    platform = resolve_platform(client.device(), SimulatedDevice.setting)
    return [(item.model_sha256, [block.latency_ms for block in item.blocks]) for item in store.measurements(platform)]


def run(procedure: str, device: SimulatedDevice, folder: Path, name: str, at: int | None, victim: str) -> Any:
    """Run a procedure once; None where its process was killed.

    A process that is to be killed is a new one. An agent can only be restarted by the process that has started it.
    """
    if victim == "agent":
        return run_here(procedure, device, folder, name, Steps(at, lambda: restart(device)))
    result = folder / f"{name}.json"
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"{procedure} {name} failed"
        return None if os.WIFSIGNALED(status) else json.loads(result.read_text())
    try:
        result.write_text(json.dumps(run_here(procedure, device, folder, name, Steps(at, end_host))))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def run_here(procedure: str, device: SimulatedDevice, folder: Path, name: str, steps: Steps) -> Any:
    """Run a procedure in this process; what it leaves, in values of JSON."""
    with (
        edgeprof.connect(device.address) as client,
        stepped_store(folder / f"{name}.sqlite3", steps) as store,
    ):
        outcome = PROCEDURES[procedure](client, store, steps, folder)
        kept = sum(job.acknowledge_time is None for job in client.jobs())
        document = {"outcome": outcome, "measured": measured(store, client), "kept": kept, "step_count": steps.count}
    return json.loads(json.dumps(document))


def end_host() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def restart(device: SimulatedDevice) -> None:
    device.kill()
    device.start()


def differences(procedure: str, victim: str, steps: str, folder: Path) -> dict[str, list[str]]:
    """What a procedure that was interrupted leaves that an undisturbed one does not, by the step."""
    # Loaded once for all runs; what speaks with the agent must not be used before a fork.
    load_bundle(SPACE.name)
    found: dict[str, list[str]] = {}
    with SimulatedDevice(folder / "device") as device:
        if procedure == "verification":
            run("onboarding", device, folder, "before", None, victim)
            device.reset()
        undisturbed = run(procedure, device, folder, "undisturbed", None, victim)
        count = undisturbed.pop("step_count")
        # The last step lies behind the end of the session: the same command begins a new one then.
        wanted = range(1, count) if steps == "all" else [int(one) for one in steps.split(",") if int(one) < count]
        assert wanted, f"{procedure} has {count} steps"
        for at in wanted:
            device.reset()
            name = f"{at}"
            ended = run(procedure, device, folder, name, at, victim)
            if victim == "host":
                ended = run(procedure, device, folder, name, None, victim)
            ended.pop("step_count")
            differing = [key for key in undisturbed if ended[key] != undisturbed[key]]
            print(f"{procedure}, {victim} ended at step {at} of {count}: {differing or 'the same'}", flush=True)
            if differing:
                found[name] = differing
    return found


if __name__ == "__main__":
    folder, procedure, victim, steps = sys.argv[1:]
    print(json.dumps(differences(procedure, victim, steps, Path(folder))))
