"""Many devices onboarded at once by one host: its memory, and how long devices wait for it.

    python benchmarks/fleet.py [--devices 20] [--samples 10] [--output FILE]

The devices are real agents with the simulated runtime, whose runs take their time as those of a board do. Boards have
processors of their own; here all share this machine, so the host goes before them where the system allows that (as
root, on Linux with autogroups), and a device's time is counted as if each of its jobs took as long as its shortest one.
A device is idle for want of the host from the end of one job until the host has asked for the next, by the device's
own record: the host stores the result, adapts, chooses, exports and uploads meanwhile, for all devices on its cores.
"""

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from figures import Figure, add_output_option, conclude

import edgeprof
from edgeprof.testing import SimulatedDevice, SimulationConfig

HOST_PRIORITY = "-10"
"""Niceness of the host's autogroup, which the scheduler weighs against those of the devices' processes."""

MEMORY_BOUND_MIB = 1_024.0
IDLE_BOUND = 0.10

KIB_OF_MIB = 1_024.0


def be_devices(count: int, folder: Path) -> None:
    """Start devices, tell their addresses on stdout, and keep them until stdin is closed."""
    with ExitStack() as stack:
        configs = [SimulationConfig(seed=seed, takes_time=True) for seed in range(count)]
        devices = [SimulatedDevice(folder / f"device-{config.seed}", config) for config in configs]
        for device in devices:
            stack.enter_context(device)
        print(json.dumps([device.address for device in devices]), flush=True)
        sys.stdin.read()


@contextmanager
def running_devices(count: int, folder: Path) -> Iterator[list[str]]:
    """Run devices in a process of their own inside the block, and yield their addresses."""
    command = [sys.executable, __file__, "--devices", str(count), "--be-devices", str(folder)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def go_first() -> bool:
    """Let this process go before those of the devices; return whether the system allows it."""
    try:
        os.setsid()
        Path("/proc/self/autogroup").write_text(HOST_PRIORITY)
    except OSError:
        return False
    return True


def idle_share(address: str) -> float:
    """Return the share of its time in which a device had no job, from its first job to the end of its last."""
    with edgeprof.connect(address) as client:
        spans = sorted((job.create_time, job.end_time or job.create_time) for job in client.jobs())
    idle_s = sum(max(0.0, begin - end) for (_, end), (begin, _) in itertools.pairwise(spans))
    busy_s = len(spans) * min(end - begin for begin, end in spans)
    return idle_s / (idle_s + busy_s)


def figures_of(idle: Sequence[float], peak_mib: float, failures: Sequence[str]) -> list[Figure]:
    """Return the figures beside their targets."""
    text = f"{statistics.median(idle):.1%} in the median, {max(idle):.1%} at most"
    return [
        Figure(name="devices not onboarded", measured=f"{len(failures)}", asked="0", is_met=not failures),
        Figure(
            name="memory of the host at its peak",
            measured=f"{peak_mib:.0f} MiB",
            asked=f"below {MEMORY_BOUND_MIB:g}",
            is_met=peak_mib < MEMORY_BOUND_MIB,
        ),
        Figure(
            name="time that a device was idle for want of the host",
            measured=text,
            asked=f"at most {IDLE_BOUND:.0%}",
            is_met=max(idle) <= IDLE_BOUND,
        ),
    ]


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--samples", type=int, default=10, help="networks to measure on each")
    parser.add_argument("--space", default="nasbench201")
    parser.add_argument("--be-devices", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    add_output_option(parser)
    arguments = parser.parse_args()
    if arguments.be_devices is not None:
        be_devices(arguments.devices, arguments.be_devices)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_devices(arguments.devices, folder) as addresses:
            is_first = go_first()
            begin, processor_begin = time.monotonic(), time.process_time()
            outcomes = edgeprof.onboard_fleet(
                addresses,
                arguments.space,
                goal=edgeprof.Goal(sample_count=arguments.samples),
                output=folder / "profiles",
                store=folder / "store.sqlite3",
                model_folder=folder / "models",
            )
            took_s, processor_s = time.monotonic() - begin, time.process_time() - processor_begin
            failures = [f"{outcome.device.name}: {outcome.failure}" for outcome in outcomes if outcome.failure]
            idle = [idle_share(address) for address in addresses]
        model_count = len(list((folder / "models").glob("*.onnx")))
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_OF_MIB
    print(f"{len(addresses)} devices in {took_s:.0f} s; {processor_s:.0f} s of processor time on the host, of that")
    steps: dict[str, float] = {}
    for outcome in outcomes:
        if outcome.result is not None and outcome.result.onboarded is not None:
            for step, seconds in outcome.result.onboarded.report.seconds_by_step.items():
                steps[step] = steps.get(step, 0.0) + seconds / len(outcomes)
    print("; ".join(f"{step} {seconds:.1f} s" for step, seconds in steps.items()), "a device")
    print(f"{model_count} networks exported; the host {'went' if is_first else 'did not go'} before the devices")
    details = {"idle": idle, "took_s": took_s, "processor_s": processor_s, "steps": steps, "failures": failures}
    return conclude(figures_of(idle, peak_mib, failures), details, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
