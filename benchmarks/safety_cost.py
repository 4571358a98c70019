"""Latency and memory of one agent against another: the same model on both, in alternation.

    python benchmarks/safety_cost.py [--agent-a COMMAND] [--agent-b COMMAND] [--pairs 20] [--threads 1]
                                     [--model FILE.onnx] [--output FILE]

A is the plain agent, B the safe one, for example with TLS and isolation. Each is a command line, so any flags and
variables (`env NAME=VALUE ...`) can be compared. They alternate, A B B A A B ..., so that a drift of the machine
affects both. Two equal agents, the default, show the resolution of the method. Target: the median with B is under 1 %
longer, and neither takes more than 45 MB when idle.
"""

import argparse
import statistics
import sys
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from agent_overhead import ARCHITECTURE
from agent_process import add_agent_option, end_in_order_on_sigterm, running_agent
from figures import Figure, add_output_option, conclude
from rich.console import Console
from rich.progress import track

import edgeprof
from edgeprof.exporters.onnx import export_architecture
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import Setting

RATIO_LIMIT = 1.01
MEMORY_LIMIT_MB = 45.0
MB_PER_MIB = 1024**2 / 1e6
DRAW_COUNT = 4_000
INTERVAL = (5.0, 95.0)
"""Percentiles that bound the interval of the ratio."""


def measure_in_turns(commands: Sequence[str], model: Path, folder: Path, *, pairs: int, threads: int) -> dict[str, Any]:
    """Measure the model on both agents.

    Args:
        commands: Command lines of the two agents.
        model: The model's file.
        folder: Folder for the agents.
        pairs: Measurements on each.
        threads: Threads that one operator may use.

    Returns:
        Medians in milliseconds and idle memory in MB (10^6 bytes), of each agent, by name.
    """
    setting = Setting(runtime="onnxruntime", thread_count=threads)
    with ExitStack() as stack:
        agents = [
            stack.enter_context(running_agent(folder / name, command))
            for name, command in zip("ab", commands, strict=True)
        ]
        idle_mb = [agent.settled_vitals().memory_mib * MB_PER_MIB for agent in agents]
        clients = [stack.enter_context(edgeprof.connect(agent.address)) for agent in agents]
        medians: list[list[float]] = [[], []]
        for index in track(range(pairs), description="pairs", console=Console(stderr=True)):
            for side in (0, 1) if index % 2 == 0 else (1, 0):
                measurement = clients[side].measure(model, setting, job_id=uuid.uuid4().hex)
                medians[side].append(measurement.median_ms)
        used_mb = [agent.settled_vitals().memory_mib * MB_PER_MIB for agent in agents]
    return {"median_ms": medians, "idle_mb": idle_mb, "idle_after_use_mb": used_mb}


def ratio_of_medians(median_ms: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Return median of B over median of A, with its 90 % interval from resampled pairs.

    Pairs are drawn, not single measurements, since both of a pair were taken in the same state of the machine.
    """
    both = np.array(median_ms)
    draws = np.random.default_rng(0).integers(both.shape[1], size=(DRAW_COUNT, both.shape[1]))
    resampled = np.median(both[:, draws], axis=2)
    lower, upper = np.percentile(resampled[1] / resampled[0], INTERVAL)
    return statistics.median(median_ms[1]) / statistics.median(median_ms[0]), float(lower), float(upper)


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_agent_option(parser, "--agent-a")
    add_agent_option(parser, "--agent-b")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", type=Path)
    add_output_option(parser)
    arguments = parser.parse_args()
    end_in_order_on_sigterm()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        space = get_space("nasbench201")
        model = arguments.model or export_architecture(space, space.parse(ARCHITECTURE), folder)
        commands = (arguments.agent_a, arguments.agent_b)
        found = measure_in_turns(commands, model, folder, pairs=arguments.pairs, threads=arguments.threads)
    ratio, lower, upper = ratio_of_medians(found["median_ms"])
    figures = [
        Figure(
            name="B / A, ratio of medians",
            measured=f"{ratio:.4f} ({lower:.4f} to {upper:.4f}, 90 %)",
            asked=f"under {RATIO_LIMIT}, the whole interval",
            is_met=upper < RATIO_LIMIT,
        ),
        *(
            Figure(
                name=f"{side}, idle memory",
                measured=f"{idle:.1f} MB, {used:.1f} MB after use",
                asked=f"{MEMORY_LIMIT_MB:g} or less when idle",
                is_met=idle <= MEMORY_LIMIT_MB,
            )
            for side, idle, used in zip("AB", found["idle_mb"], found["idle_after_use_mb"], strict=True)
        ),
    ]
    return conclude(figures, {**found, "ratio": ratio, "interval": [lower, upper]}, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
