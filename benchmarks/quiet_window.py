"""What a busy host adds to another job's latency: quiet and busy measurements alternate on one core.

    python benchmarks/quiet_window.py [--pairs 10] [--core 0] [--rate-mib 64] [--output FILE]

Agent and worker share one core. In a busy measurement another process, on the other cores, uploads models of 16 MiB one
after the other, as fast as the agent takes them, up to `--rate-mib` in a second. Target: a median within 1 %.
"""

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from agent_overhead import ARCHITECTURE, ratios_of
from agent_process import MIB, running_agent

import edgeprof
from edgeprof.errors import EdgeprofError
from edgeprof.exporters.onnx import export_architecture
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.shared.interval import middle_ranks

MODEL_BYTES = 16 * MIB
PLAN = MeasurementPlan(timed_duration_ms=2_000.0, block_count=10)
AGENT = f"taskset -c {{core}} {sys.executable} -m edgeprof_agent serve --listen 127.0.0.1:0 --data-dir {{{{folder}}}}"


def upload_for_ever(address: str, rate_mib: float, sent_bytes: "Synchronized[int]") -> None:
    """Upload models that the agent does not have, one after the other.

    Args:
        address: The agent.
        rate_mib: MiB in a second at most.
        sent_bytes: Counts the bytes that the agent took.
    """
    rest = os.urandom(MODEL_BYTES - 32)
    head = os.urandom(32)
    with edgeprof.connect(address) as client:
        while True:
            start_s = time.monotonic()
            head = hashlib.sha256(head).digest()
            # An agent that takes no more at the moment is asked again: it is the load that counts.
            with contextlib.suppress(EdgeprofError):
                client.upload_content(head + rest)
                sent_bytes.value += MODEL_BYTES
            time.sleep(max(0.0, MODEL_BYTES / MIB / rate_mib - (time.monotonic() - start_s)))


@contextlib.contextmanager
def busy_host(address: str, rate_mib: float, cores: set[int]) -> Iterator["Synchronized[int]"]:
    """Let another process upload inside the block; yields the bytes that the agent took so far."""
    context = multiprocessing.get_context("spawn")
    sent_bytes: Synchronized[int] = context.Value("q", 0)
    process = context.Process(target=upload_for_ever, args=(address, rate_mib, sent_bytes), daemon=True)
    process.start()
    assert process.pid is not None
    os.sched_setaffinity(process.pid, cores)
    try:
        while not sent_bytes.value:
            time.sleep(0.1)
        yield sent_bytes
    finally:
        process.terminate()
        process.join()


def compare(address: str, model: Path, *, pair_count: int, rate_mib: float, cores: set[int]) -> dict[str, Any]:
    """Measure in alternation.

    Args:
        address: The agent.
        model: The model's file.
        pair_count: Measurements of each kind.
        rate_mib: MiB in a second that the busy host uploads at most.
        cores: Logical cores for the busy host.

    Returns:
        Medians in milliseconds, their ratio with its 90 % interval, and the rate that the uploads reached in MiB/s.
    """
    latency_ms: dict[bool, list[float]] = {False: [], True: []}
    rates: list[float] = []
    with edgeprof.connect(address) as client:
        for index in range(pair_count):
            for is_busy in (False, True) if index % 2 == 0 else (True, False):
                load = busy_host(address, rate_mib, cores) if is_busy else contextlib.nullcontext()
                with load as sent_bytes:
                    before, start_s = sent_bytes.value if sent_bytes else 0, time.monotonic()
                    result = client.measure(model, Setting(runtime="onnxruntime"), job_id=uuid.uuid4().hex, plan=PLAN)
                    if sent_bytes:
                        rates.append((sent_bytes.value - before) / MIB / (time.monotonic() - start_s))
                latency_ms[is_busy].append(result.median_ms)
            quiet, busy = latency_ms[False][-1], latency_ms[True][-1]
            print(f"quiet {quiet:.4f} ms   busy {busy:.4f} ms   ratio {busy / quiet:.4f}   {rates[-1]:.1f} MiB/s")
    ratios = sorted(busy / quiet for quiet, busy in zip(latency_ms[False], latency_ms[True], strict=True))
    ranks = middle_ranks(len(ratios), 0.9)
    return {
        **{"quiet_ms": latency_ms[False], "busy_ms": latency_ms[True], "upload_mib_per_s": statistics.median(rates)},
        **ratios_of(latency_ms[False], latency_ms[True]),
        "ratio_interval": None if ranks is None else [ratios[rank] for rank in ranks],
    }


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--rate-mib", type=float, default=64.0)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write all that was measured to this file")
    arguments = parser.parse_args()
    cores = os.sched_getaffinity(0) - {arguments.core}
    if not cores:
        raise SystemExit("the busy host needs a core of its own: run this on two or more")
    os.sched_setaffinity(0, cores)
    with tempfile.TemporaryDirectory() as folder:
        space = get_space("nasbench201")
        model = export_architecture(space, space.parse(ARCHITECTURE), Path(folder))
        command = AGENT.format(core=arguments.core)
        with running_agent(Path(folder) / "agent", command) as agent:
            found = compare(agent.address, model, pair_count=arguments.pairs, rate_mib=arguments.rate_mib, cores=cores)
    interval = found["ratio_interval"]
    spread = (
        "too few pairs for an interval" if interval is None else f"90 % interval {interval[0]:.4f} to {interval[1]:.4f}"
    )
    print(
        f"busy / quiet: ratio of medians {found['ratio_of_medians']:.4f}, median of {arguments.pairs} ratios "
        f"{found['median_ratio']:.4f}, {spread}; uploads reached {found['upload_mib_per_s']:.1f} MiB/s"
    )
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
