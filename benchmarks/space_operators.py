"""Search spaces on a device whose operators are known: what `onboard --space` reaches with few samples here.

python benchmarks/space_operators.py measure FOLDER [--minutes 30]
python benchmarks/space_operators.py score FOLDER [--settings litert,ncnn] [--samples 0,1,3,5,10] [--draws 5]

`measure` profiles the probe suite and random networks of NAS-Bench-201 and FBNet in five settings through an agent of
its own, two of them without times of operators, and measures them again in passes for as long as it is given; keep the
machine quiet. It needs ncnn's converter. `score` predicts the networks that were not drawn as samples from those that
were: with the operators, and by the default method without sources. The target is the latency estimate over all passes.
"""

from __future__ import annotations

import argparse
import json
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

import edgeprof
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.local_agent import local_agent
from edgeprof.errors import ExportError
from edgeprof.exporters.base import FLOAT32
from edgeprof.exporters.choice import ExportChoice, choose_exporter
from edgeprof.exporters.converter import Converter
from edgeprof.exporters.onnx_to_tflite.conversion import convert_file
from edgeprof.exporters.registry import installed_exporters
from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof.onboarding.operator_choice import networks_to_read, operators_beside
from edgeprof.operator_models.exported_graphs import READER
from edgeprof.operator_models.measured import measured_networks
from edgeprof.operator_models.space_graphs import SpaceGraphs
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
from edgeprof_predictor import metrics
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.operator_prior.method import UNKNOWN_LEVEL, OperatorPriorMethod, level_beside
from edgeprof_predictor.operator_prior.predictor import OperatorPriorPredictor
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import SearchSpace, get_space
from edgeprof_proto.record_json import from_json, to_json
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement
from edgeprof_proto.shared.model_formats import TFLITE

SETTINGS: Final = {
    "onnxruntime": Setting(runtime="onnxruntime"),
    "onnxruntime-as-written": Setting(runtime="onnxruntime", options={"graph_optimization": "disabled"}),
    "openvino": Setting(runtime="openvino"),
    "litert": Setting(runtime="litert"),
    "ncnn": Setting(runtime="ncnn"),
}
SPACES: Final = {"nasbench201": 80, "fbnet": 60}
"""Search spaces, with how many of their networks are measured."""

PLAN: Final = MeasurementPlan(
    warmup_run_count=3, warmup_duration_ms=20.0, timed_run_count=9, timed_duration_ms=60.0, block_count=3
)
SERIES_COUNT: Final = 70
TEST_FROM: Final = 10
"""Networks that may be samples; those drawn later are always predicted, so that all rows predict the same ones."""

KNOWN_SPACE_COUNTS: Final = (0, 1, 3)
"""Samples where the other space of the device is known by ten of its networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Where everything is kept."""

    path: Path

    @property
    def profiles(self) -> Path:
        """The operator models."""
        return self.path / "device.edgeprof"

    @property
    def measurements(self) -> Path:
        """All measurements of networks, a line each."""
        return self.path / "measurements.jsonl"

    def by_network(self) -> dict[tuple[str, str], dict[str, list[Measurement]]]:
        """Return the measurements of each setting and space by the text of the architecture."""
        found: dict[tuple[str, str], dict[str, list[Measurement]]] = defaultdict(lambda: defaultdict(list))
        for text in self.measurements.read_text(encoding="utf-8").splitlines() if self.measurements.exists() else ():
            line = json.loads(text)
            measurement = from_json(Measurement, line["measurement"])
            found[line["setting"], line["space"]][line["architecture"]].append(measurement)
        return found


def draw_networks(space: SearchSpace, count: int) -> list[str]:
    """Draw networks whose output depends on their input and whose pruned graphs differ."""
    drawn = space.sample_choices(10 * count, seed=5)
    drawn = drawn[space.is_connected(drawn)]
    by_graph = {graph.tobytes(): row for graph, row in zip(space.pruned(drawn)[::-1], drawn[::-1], strict=True)}
    return [space.format(item) for item in space.architectures(list(by_graph.values())[::-1][:count])]


def measure(folder: Folder, minutes: float) -> None:
    """Profile what is not profiled yet, then measure all networks again in passes until the time is over."""
    end_s = time.monotonic() + 60 * minutes
    folder.path.mkdir(parents=True, exist_ok=True)
    with (
        local_agent(folder.path / "agent") as address,
        edgeprof.connect(address) as client,
        Store(folder.path / "store.sqlite3") as store,
    ):
        networks = {name: _written(folder, client.device(), setting) for name, setting in SETTINGS.items()}
        for setting in SETTINGS.values():
            if operators_beside(folder.profiles, resolve_platform(client.device(), setting)) is None:
                edgeprof.onboard_models(client, setting=setting, output=folder.profiles, store=store)
        profiled = {setting for setting, _ in folder.by_network()}
        while time.monotonic() < end_s:
            for name in SETTINGS:
                _measure_all(folder, client, name, networks[name], is_first=name not in profiled)
                profiled.add(name)


def _written(folder: Folder, device: Device, setting: Setting) -> dict[tuple[str, str], Path]:
    """Return the files of all networks for a setting."""
    runtimes = {runtime.name: runtime.model_formats for runtime in device.runtimes}
    is_tflite = TFLITE in runtimes[setting.runtime]
    choice = choose_exporter(None if is_tflite else device, Setting(runtime=READER) if is_tflite else setting)
    found = {}
    for name, count in SPACES.items():
        with Converter(choice, get_space(name), folder.path / "models") as converter:
            for text in draw_networks(get_space(name), count):
                try:
                    file = converter.convert(text)[0]
                except ExportError as error:
                    print(f"{text} of {name} is left out: {error}")
                else:
                    # As the probes are converted: litert-torch takes up to a minute a network.
                    found[name, text] = convert_file(file) if is_tflite else file
    return found


def _measure_all(
    folder: Folder, client: DeviceClient, name: str, networks: dict[tuple[str, str], Path], *, is_first: bool
) -> None:
    keys = list(networks)
    order = [keys[index] for index in np.random.default_rng().permutation(len(keys))]
    for start in range(0, len(order), SERIES_COUNT):
        part, job_id = order[start : start + SERIES_COUNT], uuid.uuid4().hex
        results = client.measure_series(
            [networks[key] for key in part],
            SETTINGS[name],
            job_id=job_id,
            plan=PLAN,
            wants_operators=is_first,
            wants_graph=is_first,
        )
        with folder.measurements.open("a", encoding="utf-8") as file:
            for (space, text), result in zip(part, results, strict=True):
                if result.measurement is not None:
                    line = {"setting": name, "space": space, "architecture": text}
                    print(json.dumps(line | {"measurement": to_json(result.measurement)}), file=file)
        client.acknowledge([job_id])


class Case:
    """One space in one setting.

    Args:
        space: The search space.
        measurements: Of its networks, by the text of the architecture.
        networks: The same with their operators.
        method: The method with the operators.
    """

    def __init__(
        self,
        space: SearchSpace,
        measurements: dict[str, list[Measurement]],
        networks: list[MeasuredNetwork],
        method: OperatorPriorMethod,
    ) -> None:
        self.method, self.networks = method, networks
        self.choices = space.choices([space.parse(network.name) for network in self.networks])
        self.latency_ms = np.array([network.latency_us for network in self.networks]) / 1_000
        self.relative_sd = np.array([estimate_latency(measurements[one.name]).relative_sd for one in self.networks])
        self.plain = DefaultMethod.without_sources(space, seed=0).for_pruned_graphs()

    def orders(self, draws: int) -> list[np.ndarray]:
        """Return orders of the networks: samples first."""
        return [np.random.default_rng(draw).permutation(len(self.networks)) for draw in range(draws)]

    def chosen(self) -> np.ndarray:
        """Return the order that the method chooses."""
        first = self.method.choose_samples(self.choices, TEST_FROM, measured=Samples.none(self.method.space), seed=0)
        return np.concatenate([first, np.setdiff1d(np.arange(len(self.networks)), first)])

    def samples(self, rows: np.ndarray) -> Samples:
        """Return some networks as samples."""
        return Samples(choices=self.choices[rows], latency_ms=self.latency_ms[rows], relative_sd=self.relative_sd[rows])

    def adapted(self, rows: np.ndarray) -> OperatorPriorPredictor:
        """Return the method with the operators, given some networks."""
        return self.method.given([self.networks[row] for row in rows]).adapt(self.samples(rows), seed=0)

    def score(self, order: np.ndarray, count: int) -> list[float]:
        """Return error, Spearman, coverage and expected error with operators, error and Spearman without."""
        test, some = order[TEST_FROM:], order[:count]
        actual, predictor = self.latency_ms[test], self.adapted(some)
        found = predictor.predict(self.choices[test])
        plain = self.plain.likely_ms(self.choices[test], self.samples(some), seed=0)
        return [
            metrics.median_ape(actual, found.latency_ms),
            metrics.spearman(actual, found.latency_ms),
            metrics.interval_coverage(actual, found.lower_ms, found.upper_ms),
            predictor.expected_error,
            metrics.median_ape(actual, plain) if count else float("nan"),
            metrics.spearman(actual, plain),
        ]


def score(folder: Folder, settings: Sequence[str], counts: Sequence[int], draws: int) -> None:
    """Print a row for each setting, space and number of samples."""
    print("| setting | space | samples | drawn: error / Spearman / coverage / expected | chosen | without operators |")
    print("| --- " * 6 + "|")
    measurements = folder.by_network()
    with local_agent(folder.path / "agent") as address, edgeprof.connect(address) as client:
        for name in settings:
            cases = {space: _case(folder, client, name, space, measurements[name, space]) for space in SPACES}
            for space, case in cases.items():
                other = next(one for key, one in cases.items() if key != space)
                for count in counts:
                    _print_row(f"{name} | {space} | {count}", case, count, draws)
                known = other.adapted(other.chosen()[:TEST_FROM]).latencies.level.mean
                case.method.level = level_beside([known])
                for count in KNOWN_SPACE_COUNTS:
                    _print_row(f"{name} | {space} | {count}, other space known", case, count, draws)
                case.method.level = UNKNOWN_LEVEL


def _case(
    folder: Folder, client: DeviceClient, setting: str, name: str, measurements: dict[str, list[Measurement]]
) -> Case:
    device, space = client.device(), get_space(name)
    profile = operators_beside(folder.profiles, resolve_platform(device, SETTINGS[setting]))
    assert profile is not None
    formats = next(runtime.model_formats for runtime in device.runtimes if runtime.name == SETTINGS[setting].runtime)
    exporter = next(one for kind in formats for one in installed_exporters() if one.model_format == kind)
    graphs = SpaceGraphs(space, profile, client, ExportChoice(exporter, FLOAT32))
    read = graphs.read(networks_to_read(space))
    networks = graphs.of_measured(measured_networks(measurements, probes=frozenset()))
    return Case(
        space, measurements, networks, OperatorPriorMethod(space=space, model=profile.model, records=read.records)
    )


def _print_row(what: str, case: Case, count: int, draws: int) -> None:
    drawn = np.mean([case.score(order, count) for order in case.orders(draws)], axis=0)
    chosen = case.score(case.chosen(), count)
    of_drawn = f"{drawn[0]:.1%} / {drawn[1]:.3f} / {drawn[2]:.2f} / {drawn[3]:.1%}"
    print(f"| {what} | {of_drawn} | {chosen[0]:.1%} / {chosen[1]:.3f} | {drawn[4]:.1%} / {drawn[5]:.3f} |", flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("measure", "score"):
        commands.add_parser(name).add_argument("folder", type=Path)
    commands.choices["measure"].add_argument("--minutes", type=float, default=30.0)
    commands.choices["score"].add_argument("--settings", default=",".join(SETTINGS))
    commands.choices["score"].add_argument("--samples", default="0,1,3,5,10")
    commands.choices["score"].add_argument("--draws", type=int, default=5)
    arguments = parser.parse_args()
    folder = Folder(path=arguments.folder)
    if arguments.command == "measure":
        measure(folder, arguments.minutes)
    else:
        counts = [int(count) for count in arguments.samples.split(",")]
        score(folder, arguments.settings.split(","), counts, arguments.draws)


if __name__ == "__main__":
    main()
