"""What it takes to list, filter and export a store of many raw samples, on SQLite and on PostgreSQL.

    python benchmarks/results.py [--measurements 10000] [--runs 100] [--store ADDRESS] [--output FILE]

Ten devices with five settings each; half of the measurements are benchmarks of a hundred models, the other half belong
to sessions of a search space. Each figure is the wall time of a whole `edgeprof results` command, the shortest of
three. Without `--store` a PostgreSQL server is started here, and stopped.
"""

import argparse
import dataclasses
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from figures import Figure, add_output_option, conclude
from postgresql_store import postgresql_store

from edgeprof.store import MeasurementRequest, Store
from edgeprof.store.platform import Platform
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.records.device import AgentLimits, Cpu, Device, ExecutionContext
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import (
    Conditions,
    Evidence,
    LatencyBlock,
    Measurement,
    MedianInterval,
    Temperature,
    Verdict,
    VerdictKind,
)

SPACE = get_space("nasbench201")
SESSION_LENGTH = 100
DEVICE_COUNT, SETTING_COUNT, MODEL_COUNT = 10, 5, 100

REPEAT_COUNT = 3

LIMITS_S = {"list": 1.0, "export": 10.0}

COMMANDS = {
    "list the newest": ("list", []),
    "list those of a device": ("list", ["--device", "board-3"]),
    "list those of a model": ("list", ["--model", "model-7.onnx"]),
    "list those with a verdict, of which there is none": ("list", ["--verdict", "noisy"]),
    "list those of a model that is not there": ("list", ["--model", "absent.onnx"]),
    "list all": ("list", ["--limit", "100000"]),
    "list all as JSON": ("list", ["--limit", "100000", "--json"]),
    "export to CSV": ("export", ["--export", "all.csv"]),
    "export to Parquet": ("export", ["--export", "all.parquet"]),
    "export to JSON lines with every sample": ("export", ["--export", "all.jsonl"]),
}


def measurement_of(generator: np.random.Generator, setting: Setting, run_count: int) -> Measurement:
    """A measurement as an agent reports it, with this many timed runs in blocks of ten."""
    typical_ms = generator.uniform(1, 50)
    runs = (typical_ms * generator.lognormal(0, 0.02, (run_count // 10, 10))).round(6)
    median_ms = float(np.median(runs))
    conditions = Conditions(
        temperatures=(Temperature(zone="cpu-thermal", temperature_celsius=48.3),),
        core_frequencies_mhz=(1800.0,) * 4,
        governors=("performance",) * 4,
        load_average_1m=0.2,
        available_memory_bytes=1 << 30,
    )
    blocks = [
        LatencyBlock(is_warmup=False, start_ms=10.0 * index, latency_ms=tuple(map(float, block)))
        for index, block in enumerate(runs)
    ]
    return Measurement(
        model_sha256=f"{generator.integers(MODEL_COUNT):064x}",
        setting=setting,
        plan=MeasurementPlan().filled(),
        start_time=1.7e9,
        load_ms=12.5,
        first_inference_ms=typical_ms * 3,
        conditions_before=conditions,
        conditions_after=conditions,
        verdict=Verdict(
            kind=VerdictKind.STABLE,
            evidence=(Evidence(name="relative_half_width", value=0.004, limit=0.02, is_exceeded=False),),
        ),
        total_ms=float(runs.sum()),
        blocks=tuple(blocks),
        median_interval=MedianInterval(
            median_ms=median_ms, lower_ms=median_ms * 0.99, upper_ms=median_ms * 1.01, level=0.9
        ),
    )


def fill(place: str, measurement_count: int, run_count: int) -> None:
    """Write the store, as hosts do."""
    generator = np.random.default_rng(0)
    settings = [
        Setting(runtime="onnxruntime", runtime_version=f"1.{2 + number}", provider="CPU", precision="float32")
        for number in range(SETTING_COUNT)
    ]
    request = MeasurementRequest(setting=settings[0], plan=MeasurementPlan().filled())
    with Store(place) as store:
        for number in range(DEVICE_COUNT):
            store.record_device(device_of(number), f"board-{number}:20763")
        for start in range(0, measurement_count, 2 * SESSION_LENGTH):
            number = start // (2 * SESSION_LENGTH)
            name = f"board-{number % DEVICE_COUNT}"
            setting = settings[number // DEVICE_COUNT % SETTING_COUNT]
            platform = Platform(device_id=name.ljust(32, "0"), device_name=name, setting=setting)
            session = store.resume_or_begin_session(platform, SPACE.name, number, purpose="onboarding")
            store.plan_probes(session, [SPACE.format(one) for one in SPACE.sample(SESSION_LENGTH, seed=number)])
            for probe in store.probes(session):
                attempt = store.begin_attempt(session, probe, request)
                store.record_measurement(attempt.job_id, platform, measurement_of(generator, setting, run_count))
                measured = measurement_of(generator, setting, run_count)
                store.record_measurement(
                    f"benchmark-{number}-{probe.ordinal}",
                    platform,
                    measured,
                    model_name=f"model-{int(measured.model_sha256, 16)}.onnx",
                )
            store.end_session(session, datetime.now(timezone.utc))


def device_of(number: int) -> Device:
    """A device."""
    limits = dict.fromkeys((field.name for field in dataclasses.fields(AgentLimits)), 1)
    return Device(
        device_id=f"board-{number}".ljust(32, "0"),
        host_name=f"board-{number}",
        cpu=Cpu(architecture="aarch64", core_count=4),
        operating_system="Debian",
        kernel="6.1",
        execution_context=ExecutionContext(python_version="3.11"),
        runtimes=(),
        limits=AgentLimits(**limits),
    )


def seconds_of(arguments: list[str], place: str, folder: Path) -> tuple[float, float]:
    """Wall time and processor time of one command."""
    environment = {**os.environ, "EDGEPROF_STORE": place}
    program = Path(sys.executable).with_name("edgeprof")
    quiet = subprocess.DEVNULL
    begin_s, begin = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [program, "results", *arguments], env=environment, cwd=folder, check=True, stdout=quiet, stderr=quiet
    )
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begin_s, end.ru_utime - begin.ru_utime + end.ru_stime - begin.ru_stime


def main() -> int:
    """Fill both stores, run the commands and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--measurements", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=100, help="timed runs of each")
    parser.add_argument("--store", metavar="ADDRESS", help="an empty database of PostgreSQL")
    add_output_option(parser)
    chosen = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as name, postgresql_store(chosen.store) as address:
        folder = Path(name)
        for kind, place in {"SQLite": str(folder / "store.sqlite3"), "PostgreSQL": address}.items():
            begin_s = time.monotonic()
            fill(place, chosen.measurements, chosen.runs)
            print(
                f"{kind}: {chosen.measurements} measurements written in {time.monotonic() - begin_s:.0f} s", flush=True
            )
            for what, (limit, arguments) in COMMANDS.items():
                taken_s, processor_s = min(seconds_of(arguments, place, folder) for _ in range(REPEAT_COUNT))
                figures.append(
                    Figure(
                        name=f"{kind}: {what}, {chosen.measurements * chosen.runs:,} samples",
                        measured=f"{taken_s:.2f} s, {processor_s:.2f} s of processor time",
                        asked=f"under {LIMITS_S[limit]:g} s",
                        is_met=taken_s < LIMITS_S[limit],
                    )
                )
                print(figures[-1], flush=True)
        return conclude(figures, {}, chosen.output)


if __name__ == "__main__":
    sys.exit(main())
