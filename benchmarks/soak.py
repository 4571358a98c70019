"""Thousands of jobs in a row: an agent's memory, files, processes and disk must not grow with them.

    python benchmarks/soak.py [--jobs 2000] [--agent COMMAND] [--output FILE]

One host has the same small models measured on the simulated device, one job after the other, while open files,
memory, processes, threads and disk are read every few jobs. The slope is fitted to the second half, when caches are
filled. The journal keeps few jobs here, and its write-ahead log grows to 4 MiB within some 50 jobs: a run of fewer
than 500 shows nothing about the disk.
"""

import argparse
import dataclasses
import statistics
import sys
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from agent_process import AgentProcess, Vitals, add_agent_option, end_in_order_on_sigterm, running_agent
from figures import Figure, add_output_option, conclude
from rich.console import Console
from rich.progress import track
from workload import BRIEF_PLAN, small_model

import edgeprof
from edgeprof.testing import SimulatedDevice, SimulationConfig

SAMPLE_COUNT = 100
"""Number of readings."""

MODEL_COUNT = 5

KEPT_JOB_COUNT = 200
"""Finished jobs that the agent keeps, so that its journal is full well before the end."""

BOUNDS = {
    "memory_mib": (4.0, "MiB"),
    "open_file_count": (1.0, "open files"),
    "thread_count": (1.0, "threads"),
    "child_count": (0.5, "child processes"),
    "disk_mib": (1.0, "MiB of disk"),
}
"""Largest growth over the second half, by the fitted slope, that passes, and its unit."""


def soak(agent: AgentProcess, models: Sequence[Path], job_count: int) -> list[tuple[int, Vitals]]:
    """Run the jobs.

    Returns:
        Numbers of ended jobs, and the agent's resources at each.
    """
    every = max(1, job_count // SAMPLE_COUNT)
    samples: list[tuple[int, Vitals]] = []
    with edgeprof.connect(agent.address) as client:
        for number in track(range(1, job_count + 1), description="jobs", console=Console(stderr=True)):
            model = models[number % len(models)]
            job_id = uuid.uuid4().hex
            client.measure(model, SimulatedDevice.setting, job_id=job_id, plan=BRIEF_PLAN)
            client.acknowledge((job_id,))
            if number % every == 0:
                samples.append((number, agent.vitals()))
    return samples


def slope(samples: Sequence[tuple[int, Vitals]], name: str) -> float:
    """Return the growth of a quantity by job, fitted to the second half of the samples."""
    half = samples[len(samples) // 2 :]
    fitted = statistics.linear_regression([number for number, _ in half], [getattr(item, name) for _, item in half])
    return fitted.slope


def growth_figures(samples: Sequence[tuple[int, Vitals]]) -> list[Figure]:
    """Judge every quantity by its growth over the second half."""
    span = samples[-1][0] - samples[len(samples) // 2][0]
    figures = []
    for name, (bound, unit) in BOUNDS.items():
        growth = slope(samples, name) * span
        figures.append(
            Figure(
                name=f"{unit} over the last {span} jobs",
                measured=f"{growth:+.2f} ({1000 * growth / span:+.2f} by 1,000 jobs)",
                asked=f"at most {bound:g} more",
                is_met=growth <= bound,
            )
        )
    return figures


def print_table(samples: Sequence[tuple[int, Vitals]]) -> None:
    """Print the agent's resources at ten points of the run."""
    print("| jobs | memory, MiB | open files | threads | children | disk, MiB |\n" + "| --- " * 6 + "|")
    for number, item in samples[:: max(1, len(samples) // 10)]:
        print(
            f"| {number} | {item.memory_mib:.1f} | {item.open_file_count} | {item.thread_count} "
            f"| {item.child_count} | {item.disk_mib:.2f} |"
        )


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000, help="at least 8")
    add_agent_option(parser)
    add_output_option(parser)
    arguments = parser.parse_args()
    end_in_order_on_sigterm()
    if arguments.jobs < 8:
        parser.error(f"--jobs must be at least 8, so that a slope can be fitted, got {arguments.jobs}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        SimulationConfig().write(folder / "simulation.json")
        environment = {
            "EDGEPROF_SIMULATION": str(folder / "simulation.json"),
            "EDGEPROF_AGENT_FINISHED_JOB_COUNT": str(min(KEPT_JOB_COUNT, arguments.jobs // 4)),
        }
        models = [small_model(folder / f"model-{index}.onnx", width=4 + index) for index in range(MODEL_COUNT)]
        with running_agent(folder / "agent", arguments.agent, environment=environment) as agent:
            samples = soak(agent, models, arguments.jobs)
    print_table(samples)
    details = {"samples": [{"jobs": number, **dataclasses.asdict(item)} for number, item in samples]}
    return conclude(growth_figures(samples), details, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
