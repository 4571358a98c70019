"""What measuring through the agent adds to a bare loop of an engine.

    python benchmarks/agent_overhead.py [--runtime onnxruntime] [--pairs 10] [--threads 1] [--model FILE]
        [--output FILE]

A is a process that only loads a model and times a loop of runs (`bare_loops.py`); B is the same model, plan and
thread count through a real agent: upload, queue, worker, events. They alternate, A B B A A B ..., so that a drift of
the machine affects both. Target: medians within 1 % of each other. What strangers on the machine add comes on top of
some runs: the fastest tenth of each measurement tells the same difference with less of it. Without a model, a network
of NAS-Bench-201 is exported to what the runtime reads; for `.tflite` and ncnn that takes the environment of
`scripts/test_converters`, or a file from there.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bare_loops import BARE_LOOPS

import edgeprof
from edgeprof.devices.local_agent import local_agent
from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.converter import Converter
from edgeprof.exporters.registry import load_exporter
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import DEFAULT_PLAN, Setting
from edgeprof_proto.records.measurement import spaced_runs

ARCHITECTURE = "|nor_conv_1x1~0|+|skip_connect~0|nor_conv_3x3~1|+|nor_conv_1x1~0|none~1|avg_pool_3x3~2|"
"""A network of NAS-Bench-201 that needs about a millisecond: a fixed cost of a run would show."""


EXPORTERS = {"litert": "tflite", "tflite": "tflite", "ncnn": "ncnn"}
"""Exporters of the runtimes that do not read ONNX."""


def export_network(runtime: str, folder: Path) -> Path:
    """Export the network to what a runtime reads.

    Args:
        runtime: Name of the runtime.
        folder: Where to write it.

    Returns:
        The main file.
    """
    exporter = load_exporter(EXPORTERS.get(runtime, "onnx"))
    if (lacking := exporter.missing()) is not None:
        raise SystemExit(f"no network can be exported for {runtime}: {lacking}; or name a file with --model")
    with Converter(ExportChoice(exporter, "float32"), get_space("nasbench201"), folder) as converter:
        return converter.convert(ARCHITECTURE)[0]


class Latency(NamedTuple):
    """What a measurement's runs took, in milliseconds."""

    median_ms: float
    fast_ms: float
    """A tenth of the runs are faster."""


def latency_of(runs_ms: Sequence[float]) -> Latency:
    """Return the two quantiles of runs that are compared.

    Args:
        runs_ms: The timed runs of one measurement, in milliseconds.
    """
    return Latency(statistics.median(runs_ms), statistics.quantiles(runs_ms, n=10)[0])


def bare_latency(runtime: str, model: Path, thread_count: int) -> Latency:
    """Time the model with a plain loop in this process.

    Args:
        runtime: Name of the runtime.
        model: The model's file.
        thread_count: Threads that one operator may use.

    Returns:
        Of the timed runs.
    """
    run = BARE_LOOPS[runtime](model, thread_count)
    samples_ns: list[int] = []
    for run_count, duration_ms in (
        (DEFAULT_PLAN.warmup_run_count, DEFAULT_PLAN.warmup_duration_ms),
        (DEFAULT_PLAN.timed_run_count, DEFAULT_PLAN.timed_duration_ms),
    ):
        samples_ns = []
        loop_start_ns = time.perf_counter_ns()
        while len(samples_ns) < run_count or time.perf_counter_ns() - loop_start_ns < duration_ms * 1e6:
            start_ns = time.perf_counter_ns()
            run()
            samples_ns.append(time.perf_counter_ns() - start_ns)
    return latency_of([sample_ns / 1e6 for sample_ns in samples_ns])


def _bare_in_its_own_process(runtime: str, model: Path, thread_count: int) -> Latency:
    command = [sys.executable, __file__, "--bare", "--runtime", runtime, "--model", str(model)]
    command += ["--threads", str(thread_count)]
    return Latency(*json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def _through_the_agent(client: edgeprof.DeviceClient, model: Path, setting: Setting) -> tuple[Latency, str]:
    measurement = client.measure(model, setting, job_id=uuid.uuid4().hex)
    return latency_of(spaced_runs(measurement.timed_blocks)), measurement.verdict.kind.value


def ratios_of(a_ms: Sequence[float], b_ms: Sequence[float]) -> dict[str, Any]:
    """Return B over A as three ratios that are robust to a few disturbed pairs.

    Args:
        a_ms: Latencies with A in milliseconds, one of each pair.
        b_ms: Latencies with B, in the same order.
    """
    ratios = [b / a for a, b in zip(a_ms, b_ms, strict=True)]
    return {
        "ratio_of_medians": statistics.median(b_ms) / statistics.median(a_ms),
        "median_ratio": statistics.median(ratios),
        "ratio_quartiles": statistics.quantiles(ratios)[::2],
    }


def compare(model: Path, setting: Setting, *, pair_count: int) -> dict[str, Any]:
    """Measure in alternation.

    Args:
        model: The model's file.
        setting: Runtime and threads.
        pair_count: Measurements of each kind.

    Returns:
        Both latencies of every measurement in milliseconds, their ratios, and the agent's verdicts.
    """
    bare: list[Latency] = []
    agent: list[Latency] = []
    verdicts: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        local_agent(Path(folder)) as address,
        edgeprof.connect(address) as client,
    ):
        client.device()
        for index in range(pair_count):
            for is_bare in (True, False) if index % 2 == 0 else (False, True):
                if is_bare:
                    bare.append(_bare_in_its_own_process(setting.runtime, model, setting.thread_count))
                else:
                    latency, verdict = _through_the_agent(client, model, setting)
                    agent.append(latency)
                    verdicts.append(verdict)
            ratio = agent[-1].median_ms / bare[-1].median_ms
            print(
                f"bare {bare[-1].median_ms:.4f} ms   agent {agent[-1].median_ms:.4f} ms   ratio {ratio:.4f}   "
                f"of the fastest tenths {agent[-1].fast_ms / bare[-1].fast_ms:.4f}   {verdicts[-1]}",
                flush=True,
            )
    return {
        "runtime": setting.runtime,
        "thread_count": setting.thread_count,
        "bare": bare,
        "agent": agent,
        "medians": ratios_of([item.median_ms for item in bare], [item.median_ms for item in agent]),
        "fastest_tenths": ratios_of([item.fast_ms for item in bare], [item.fast_ms for item in agent]),
        "verdicts": verdicts,
    }


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runtime", choices=sorted(BARE_LOOPS), default="onnxruntime")
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write all that was measured to this file")
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        print(json.dumps(bare_latency(arguments.runtime, arguments.model, arguments.threads)))
        return
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or export_network(arguments.runtime, Path(folder))
        setting = Setting(runtime=arguments.runtime, thread_count=arguments.threads)
        found = compare(model, setting, pair_count=arguments.pairs)
    for name in ("medians", "fastest_tenths"):
        ratios = found[name]
        low, high = ratios["ratio_quartiles"]
        print(
            f"agent / bare, {name.replace('_', ' ')}: ratio of medians {ratios['ratio_of_medians']:.4f}, median of "
            f"{arguments.pairs} ratios {ratios['median_ratio']:.4f}, middle half {low:.4f} to {high:.4f}"
        )
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
