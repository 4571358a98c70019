"""How often the verdict is a false alarm, and how often it misses a disturbance.

    python benchmarks/verdict.py [--count 60] [--output FILE]

Each condition is measured `count` times through a real agent with the default plan:

    quiet       this machine without other load. Anything but `stable` is a false alarm.
    neighbour   agent and an endless loop share one core. `stable` is a miss.
    heat        simulated devices that slow down before or while the model runs. `stable` is a miss.

Target: 90 % of the quiet ones `stable`, 95 % of the others not. Ten minutes with the default count.
"""

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import edgeprof
from edgeprof.devices.local_agent import local_agent
from edgeprof.exporters.onnx import export_architecture
from edgeprof.testing import Heat, SimulatedDevice, SimulationConfig
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import Setting

WANTED_STABLE_SHARE = 0.90
WANTED_CAUGHT_SHARE = 0.95

SIMULATED_WORK_MS = 1_500.0
"""Warm-up and timed runs of the default plan."""


@contextlib.contextmanager
def one_core() -> Iterator[int]:
    """Bind this process, and what it starts meanwhile, to one core.

    Yields:
        The core.
    """
    allowed = os.sched_getaffinity(0)
    core = max(allowed)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def busy_neighbour() -> Iterator[None]:
    """Keep the cores of this process busy with an endless loop."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as neighbour:
        try:
            yield
        finally:
            neighbour.kill()


def measure_many(address: str, models: list[Path], setting: Setting, count: int) -> Counter[str]:
    """Measure models in turn.

    Args:
        address: The agent.
        models: The models.
        setting: How to run them.
        count: Measurements.

    Returns:
        How often each verdict was given.
    """
    verdicts: Counter[str] = Counter()
    with edgeprof.connect(address) as client:
        client.device()
        for index in range(count):
            model = models[index % len(models)]
            verdicts[client.measure(model, setting, job_id=uuid.uuid4().hex).verdict.kind.value] += 1
    return verdicts


def measure_hot(folder: Path, models: list[Path], count: int, seed: int) -> Counter[str]:
    """Measure on simulated devices that throttle, each with its own thermal constants.

    Args:
        folder: For the devices' files.
        models: The models.
        count: Measurements, each on a device of its own.
        seed: Draws how fast the devices warm up and how much slower they get.
    """
    generator = random.Random(seed)
    verdicts: Counter[str] = Counter()
    for index in range(count):
        # A device throttles after 1.6 saturation times of work: from at once to shortly before the last run.
        saturation_ms = generator.uniform(0.05, 0.55) * SIMULATED_WORK_MS
        heat = Heat(saturation_ms=saturation_ms, slowdown=generator.uniform(1.1, 2.0))
        config = SimulationConfig(seed=index, heat=heat, noise_relative_sd=0.02)
        with SimulatedDevice(folder / str(index), config) as device:
            verdicts += measure_many(device.address, models[index % len(models) :][:1], device.setting, 1)
    return verdicts


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write all that was measured to this file")
    arguments = parser.parse_args()
    setting = Setting(runtime="onnxruntime")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        space = get_space("nasbench201")
        models = [export_architecture(space, item, folder) for item in space.sample(5, seed=arguments.seed)]
        with local_agent(folder / "quiet") as address:
            found = {"quiet": measure_many(address, models, setting, arguments.count)}
        with one_core(), local_agent(folder / "neighbour") as address, busy_neighbour():
            found["neighbour"] = measure_many(address, models, setting, arguments.count)
        found["heat"] = measure_hot(folder / "heat", models, arguments.count, arguments.seed)
    for condition, verdicts in found.items():
        stable_share = verdicts["stable"] / verdicts.total()
        kinds = ", ".join(f"{kind} {count}" for kind, count in verdicts.most_common())
        if condition == "quiet":
            said = f"false alarms {1 - stable_share:.1%} (at most {1 - WANTED_STABLE_SHARE:.0%})"
        else:
            said = f"misses {stable_share:.1%} (at most {1 - WANTED_CAUGHT_SHARE:.0%})"
        print(f"{condition:<10} {verdicts.total():>4} measurements   {said:<34} {kinds}")
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
