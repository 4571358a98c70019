"""What the probe suite holds, how long one pass takes, and which operators a runtime makes of it.

    python benchmarks/probe_suite.py onnxruntime|openvino [--int8] [--operators]

One line for each kind: probes, nodes, outputs, size of the files, CPU time to load, and time of one pass on one core
(the fastest of 7 runs of each probe). `--operators` adds how many of each operator the runtime executes after its own
optimisation. About ten seconds with ONNX Runtime, half a minute with OpenVINO, and half a minute more with `--int8`,
which quantises every probe first.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edgeprof.exporters.onnx import quantize_model
from edgeprof_predictor.operators.probes.suite import SUITE_VERSION, Probe, suite

RUN_COUNT = 7

CALIBRATION_COUNT = 4

Feeds = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Loaded:
    """A probe in a runtime: runs it, and counts its operators by name."""

    run: Callable[[Feeds], Any]
    count_operators: Callable[[], Counter[str]]


@dataclass
class Totals:
    """Sums over the probes of a kind."""

    probes: int = 0
    nodes: int = 0
    outputs: int = 0
    file_bytes: int = 0
    load_s: float = 0.0
    pass_ms: float = 0.0
    operators: Counter[str] = field(default_factory=Counter)

    def row(self, name: str) -> str:
        """Return one line of the table."""
        return (
            f"{name:20s} {self.probes:6d} {self.nodes:6d} {self.outputs:8d} {sum(self.operators.values()):10d} "
            f"{self.file_bytes / 1e6:8.1f} {self.load_s:7.2f} {self.pass_ms:8.2f}"
        )

    def add(self, other: Totals) -> None:
        """Add the sums of another kind."""
        self.probes += other.probes
        self.nodes += other.nodes
        self.outputs += other.outputs
        self.file_bytes += other.file_bytes
        self.load_s += other.load_s
        self.pass_ms += other.pass_ms
        self.operators += other.operators


def load_onnxruntime(path: Path) -> Loaded:
    """Load a probe in ONNX Runtime on one thread; the optimised model tells the operators."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def count() -> Counter[str]:
        optimised = path.with_name("optimised.onnx")
        options.optimized_model_filepath = str(optimised)
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        nodes = onnx.load(str(optimised)).graph.node
        return Counter(f"{node.domain}.{node.op_type}".lstrip(".") for node in nodes)

    return Loaded(lambda feeds: session.run(None, feeds), count)


def load_openvino(path: Path) -> Loaded:
    """Load a probe in OpenVINO in float32 on one thread; the executed model tells the operators."""
    import openvino

    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)

    def count() -> Counter[str]:
        operators = (node.get_rt_info()["layerType"].astype(str) for node in compiled.get_runtime_model().get_ops())
        return Counter(name for name in operators if name not in ("Input", "Output", "Const"))

    return Loaded(lambda feeds: compiled(list(feeds.values())), count)


LOADERS: dict[str, Callable[[Path], Loaded]] = {"onnxruntime": load_onnxruntime, "openvino": load_openvino}


def written(folder: Path, *, is_int8: bool) -> Iterator[tuple[Probe, Path]]:
    """Write each probe, the file of one over that of another, and yield it with its file."""
    float32, int8 = folder / "float32.onnx", folder / "int8.onnx"
    for probe in suite():
        float32.write_bytes(probe.model_bytes())
        if is_int8:
            quantize_model(float32, int8, probe.example_inputs(CALIBRATION_COUNT))
        yield probe, int8 if is_int8 else float32


def check_outputs(probe: Probe, outputs: list[NDArray[Any]]) -> None:
    """Fail where an output is not finite, denormal or the same everywhere."""
    for output in outputs:
        magnitudes = np.abs(np.asarray(output, np.float64))
        is_denormal = (magnitudes > 0) & (magnitudes < np.finfo(np.float32).tiny)
        is_constant = output.size > 1 and np.ptp(output) == 0
        if not np.isfinite(magnitudes).all() or is_denormal.any() or is_constant:
            raise SystemExit(f"{probe.name} has an output that is not finite, denormal or the same everywhere")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runtime", choices=LOADERS)
    parser.add_argument("--int8", action="store_true", help="quantise each probe first")
    parser.add_argument("--operators", action="store_true", help="count the operators after optimisation by name")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    kinds: defaultdict[str, Totals] = defaultdict(Totals)
    with tempfile.TemporaryDirectory() as folder:
        for probe, path in written(Path(folder), is_int8=arguments.int8):
            totals = kinds[probe.kind]
            start = time.process_time()
            loaded = LOADERS[arguments.runtime](path)
            totals.load_s += time.process_time() - start
            (feeds,) = probe.example_inputs(1)
            outputs = loaded.run(feeds)
            check_outputs(probe, list(outputs.values()) if hasattr(outputs, "values") else outputs)
            times = []
            for _ in range(RUN_COUNT):
                start = time.perf_counter()
                loaded.run(feeds)
                times.append(time.perf_counter() - start)
            totals.pass_ms += min(times) * 1e3
            totals.probes += 1
            graph = onnx.load(str(path)).graph
            totals.nodes += len(graph.node)
            totals.outputs += len(graph.output)
            totals.file_bytes += path.stat().st_size
            totals.operators += loaded.count_operators()
    report(arguments.runtime, kinds, with_operators=arguments.operators)


def report(runtime: str, kinds: dict[str, Totals], *, with_operators: bool) -> None:
    """Print a row for each kind, the sums, and the operators by name."""
    print(f"suite version {SUITE_VERSION}, {runtime}")
    print(
        f"{'kind':20s} {'probes':>6s} {'nodes':>6s} {'outputs':>8s} {'operators':>10s} {'MB':>8s} {'load s':>7s} "
        f"{'pass ms':>8s}"
    )
    whole = Totals()
    for name, totals in kinds.items():
        print(totals.row(name))
        whole.add(totals)
    print(whole.row("all"))
    if with_operators:
        print(", ".join(f"{name} {count}" for name, count in whole.operators.most_common()))


if __name__ == "__main__":
    main()
