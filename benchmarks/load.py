"""Many hosts at once on one agent: fairness, losses, refusals and memory.

    python benchmarks/load.py [--hosts 50] [--jobs 10] [--queue 100] [--agent COMMAND] [--output FILE]

Each host is a thread with a connection of its own that wants `--jobs` jobs done and has as many of them queued as the
agent takes; a job on the simulated device takes little more than the start of its worker. The queue is smaller than the
number of all jobs, so that some are refused and asked for again. Half of the hosts ask for all their jobs at once, the
other half for one after the other. Fairness is Jain's index over the first half of the finished jobs: 1 when every host
has had equally many, 1/n when one host has had all.
"""

import argparse
import collections
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from agent_process import AgentProcess, Vitals, add_agent_option, end_in_order_on_sigterm, running_agent
from figures import Figure, add_output_option, conclude
from rich.console import Console
from rich.progress import Progress
from workload import BRIEF_PLAN, small_model

from edgeprof.devices.client import DeviceClient
from edgeprof.errors import DeviceBusyError
from edgeprof.testing import SimulatedDevice, SimulationConfig
from edgeprof_proto.records.job import Job, JobState
from edgeprof_proto.records.job_spec import JobSpec

PAUSE_S = 0.5
"""Time that a host waits after a refusal, and between two readings of its jobs, in seconds."""

FAIR_INDEX = 0.9
IDLE_GROWTH = 0.10
MEMORY_BOUND_MIB = 100.0
"""Memory that a board can spare under the highest load."""


class Seen:
    """Counts of all hosts so far; safe to use from many threads.

    Args:
        bar: Progress bar of finished jobs.
        total: Jobs of all hosts.
    """

    def __init__(self, bar: Progress, total: int) -> None:
        self._ended: list[tuple[float, int]] = []
        self.refusals: collections.Counter[str] = collections.Counter()
        self.failures: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self._bar = bar
        self._task = bar.add_task("jobs", total=total)

    def refused(self, reason: str) -> None:
        """Count a refusal."""
        with self._lock:
            self.refusals[reason] += 1

    def finished(self, host: int, job: Job) -> None:
        """Count a job that has ended."""
        with self._lock:
            self._ended.append((job.end_time or 0.0, host))
            if job.state is not JobState.SUCCEEDED:
                self.failures[job.failure.reason if job.failure else job.state.value] += 1
            self._bar.advance(self._task)

    @property
    def turns(self) -> list[int]:
        """The host of each finished job, in the order in which the agent ended them."""
        with self._lock:
            return [host for _, host in sorted(self._ended)]


def be_host(host: int, address: str, model: Path, job_count: int, seen: Seen) -> None:
    """Run a host's jobs: even hosts ask for all at once, odd ones for one after the other."""
    with connect_as(host, address) as client:
        spec = JobSpec(model_sha256=client.upload_model(model), setting=SimulatedDevice.setting, plan=BRIEF_PLAN)
        wanted = [uuid.uuid4().hex for _ in range(job_count)]
        open_ids: list[str] = []
        while wanted or open_ids:
            while wanted and (host % 2 == 0 or not open_ids):
                try:
                    client.create_job(wanted[-1], spec)
                except DeviceBusyError as error:
                    seen.refused(error.reason)
                    break
                open_ids.append(wanted.pop())
            time.sleep(PAUSE_S)
            for job_id in list(open_ids):
                job = client.job(job_id)
                if not job.state.is_final:
                    break  # those behind it were asked for later
                open_ids.remove(job_id)
                seen.finished(host, job)
                client.acknowledge((job_id,))


def connect_as(host: int, address: str) -> DeviceClient:
    """Connect under a name of the host's own, since hosts are told apart by name."""
    client = DeviceClient(address, host_name=f"host-{host}")
    client.handshake()
    return client


def jain_index(turns: Iterable[int], host_count: int) -> float:
    """Return Jain's index of the number of jobs that each host had, from 1 / hosts to 1."""
    counts = collections.Counter(turns)
    squares = sum(count**2 for count in counts.values())
    return sum(counts.values()) ** 2 / (host_count * squares) if squares else float("nan")


def run(agent: AgentProcess, model: Path, *, host_count: int, job_count: int) -> tuple[Seen, float]:
    """Run all hosts.

    Returns:
        Their counts, and the duration in seconds.
    """
    start = time.monotonic()
    with Progress(console=Console(stderr=True)) as bar, ThreadPoolExecutor(host_count) as hosts:
        seen = Seen(bar, host_count * job_count)
        running = [hosts.submit(be_host, host, agent.address, model, job_count, seen) for host in range(host_count)]
        for future in running:
            future.result()
    return seen, time.monotonic() - start


def figures_of(
    seen: Seen, vitals: Sequence[Vitals], *, peak_mib: float, host_count: int, job_count: int
) -> list[Figure]:
    """Return the figures of a run, each beside its target."""
    before, after = vitals
    total = host_count * job_count
    index = jain_index(seen.turns[: total // 2], host_count)
    lost = total - len(seen.turns) + sum(seen.failures.values())
    growth = after.memory_mib / before.memory_mib - 1
    return [
        Figure(
            name=f"turns of {host_count} hosts, Jain's index at half time",
            measured=f"{index:.3f}",
            asked=f"{FAIR_INDEX} or more",
            is_met=index >= FAIR_INDEX,
        ),
        Figure(
            name=f"jobs lost of {total}", measured=f"{lost} {dict(seen.failures) or ''}", asked="0", is_met=lost == 0
        ),
        Figure(
            name="memory at its peak",
            measured=f"{peak_mib:.1f} MiB",
            asked=f"{MEMORY_BOUND_MIB:g} or less",
            is_met=peak_mib <= MEMORY_BOUND_MIB,
        ),
        Figure(
            name="idle memory before and after",
            measured=f"{before.memory_mib:.1f} and {after.memory_mib:.1f} MiB, {growth:+.1%}",
            asked=f"within {IDLE_GROWTH:.0%}",
            is_met=abs(growth) <= IDLE_GROWTH,
        ),
    ]


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=10, help="jobs of each host")
    parser.add_argument("--queue", type=int, default=100, help="jobs that may wait on the agent")
    add_agent_option(parser)
    add_output_option(parser)
    arguments = parser.parse_args()
    end_in_order_on_sigterm()
    if arguments.jobs < 4:
        parser.error(f"--jobs must be at least 4: with fewer no turns are equal at half time, got {arguments.jobs}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        SimulationConfig().write(folder / "simulation.json")
        environment = {
            "EDGEPROF_SIMULATION": str(folder / "simulation.json"),
            "EDGEPROF_AGENT_QUEUED_JOB_COUNT": str(arguments.queue),
        }
        model = small_model(folder / "model.onnx")
        with running_agent(folder / "agent", arguments.agent, environment=environment) as agent:
            # The first job describes the device and takes memory that stays.
            with Progress(console=Console(stderr=True)) as bar:
                be_host(0, agent.address, model, 1, Seen(bar, 1))
            before = agent.settled_vitals()
            seen, took_s = run(agent, model, host_count=arguments.hosts, job_count=arguments.jobs)
            vitals = (before, agent.settled_vitals(patience_s=30.0))
            peak_mib = agent.peak_memory_mib()
    figures = figures_of(seen, vitals, peak_mib=peak_mib, host_count=arguments.hosts, job_count=arguments.jobs)
    refused = ", ".join(f"{count} {reason}" for reason, count in seen.refusals.items()) or "none"
    print(f"{len(seen.turns)} jobs in {took_s:.0f} s; refused: {refused}")
    details = {"turns": seen.turns, "refusals": seen.refusals, "failures": seen.failures, "took_s": took_s}
    return conclude(figures, details, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
