"""How much confining the worker adds to a measured median.

    python benchmarks/isolation_overhead.py [--pairs 20] [--threads 1] [--model FILE.onnx] [--output FILE]

A and B are the same real worker process with the same model and plan; B confines itself first, as under an agent. They
alternate, A B B A A B ..., so that a drift of the machine affects both. The latency of a worker is the median of its
fastest block of 10 ms, which contention affects least. Target: a ratio within 1 % of 1.
"""

import argparse
import asyncio
import hashlib
import json
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

from agent_overhead import ARCHITECTURE, ratios_of

from edgeprof.exporters.onnx import export_architecture
from edgeprof_agent.config import AgentConfig
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_agent.jobs.worker_events import WorkerEvent
from edgeprof_agent.jobs.worker_process import WorkerProcess
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import JobSpec, MeasurementPlan, Setting
from edgeprof_proto.records.measurement import LatencyBlock, Measurement

PLAN = MeasurementPlan(timed_run_count=200, timed_duration_ms=1_000, block_count=100).filled()


def measure(worker: WorkerProcess, model: Path, thread_count: int) -> Measurement:
    """Measure in a worker of its own.

    Args:
        worker: Starts it, confined or not.
        model: The model's file.
        thread_count: Threads that one operator may use.

    Returns:
        The worker's measurement.
    """
    spec = JobSpec(
        model_sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
        setting=Setting(runtime="onnxruntime", thread_count=thread_count),
        plan=PLAN,
    )
    blocks = []

    async def keep(event: WorkerEvent) -> None:
        if isinstance(event, LatencyBlock):
            blocks.append(event)

    result = asyncio.run(worker.run(model, spec, attempt=1, on_event=keep))
    if not isinstance(result, Measurement):
        raise SystemExit(f"no measurement: {result.message}")
    return replace(result, blocks=tuple(blocks))


def compare(model: Path, *, pair_count: int, thread_count: int) -> dict[str, object]:
    """Measure in alternation.

    Args:
        model: The model's file.
        pair_count: Measurements of each kind.
        thread_count: Threads that one operator may use.

    Returns:
        Latencies and times of whole attempts in milliseconds by kind, and the ratios of the latencies.
    """
    latency_ms: dict[str, list[float]] = {"free": [], "confined": []}
    attempt_ms: dict[str, list[float]] = {"free": [], "confined": []}
    with tempfile.TemporaryDirectory() as folder:
        config = AgentConfig(data_dir=Path(folder))
        environment = worker_environment(config, os.environ)
        workers = {
            "free": WorkerProcess(Path(folder) / "free", job_duration_s=60, environment=environment),
            "confined": WorkerProcess(
                Path(folder) / "confined",
                job_duration_s=60,
                environment=environment,
                plan_isolation=lambda scratch_dir: plan_isolation(config, scratch_dir, os.environ),
            ),
        }
        for index in range(pair_count):
            for kind in ("free", "confined") if index % 2 == 0 else ("confined", "free"):
                measurement = measure(workers[kind], model, thread_count)
                latency_ms[kind].append(min(statistics.median(b.latency_ms) for b in measurement.timed_blocks))
                attempt_ms[kind].append(measurement.total_ms)
            free, confined = latency_ms["free"][-1], latency_ms["confined"][-1]
            print(f"free {free:.4f} ms   confined {confined:.4f} ms   ratio {confined / free:.4f}", flush=True)
    return {
        "thread_count": thread_count,
        "latency_ms": latency_ms,
        "attempt_ms": attempt_ms,
        **ratios_of(latency_ms["free"], latency_ms["confined"]),
        "ratio_of_fastest": min(latency_ms["confined"]) / min(latency_ms["free"]),
    }


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write all that was measured to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        space = get_space("nasbench201")
        model = arguments.model or export_architecture(space, space.parse(ARCHITECTURE), Path(folder))
        found = compare(model, pair_count=arguments.pairs, thread_count=arguments.threads)
    low, high = found["ratio_quartiles"]  # type: ignore[misc]
    print(
        f"confined / free: ratio of medians {found['ratio_of_medians']:.4f}, of the fastest "
        f"{found['ratio_of_fastest']:.4f}, median of {arguments.pairs} ratios {found['median_ratio']:.4f}, middle half "
        f"{low:.4f} to {high:.4f}"
    )
    for kind, values in found["attempt_ms"].items():  # type: ignore[attr-defined]
        print(f"whole attempt, {kind}: {statistics.median(values):.0f} ms")
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
