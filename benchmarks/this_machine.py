"""Accuracy on this machine: each runtime setting in turn is new, the others and the published devices are known.

python benchmarks/this_machine.py measure --out FILE.jsonl [--networks 300] [--space fbnet] [--model-folder DIR]
python benchmarks/this_machine.py score FILE.jsonl [--samples 5,10,20] [--seeds 5] [--method default] [--output FILE]

`measure` times random networks of NAS-Bench-201 in eight settings through an agent of its own, half an hour after a
quarter of an hour of exporting, and continues an earlier run. `score` scores a method that is given a few of them,
beside the ceiling that nearly all of them allow; `own_devices.py` scores what learning the other settings adds.
The published table comes from the folder named by EDGEPROF_DATA, else from ../shared/data beside the repository.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from ceiling import ceiling
from published_data import DATA_FOLDER

import edgeprof
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.local_agent import local_agent
from edgeprof.errors import ExportError
from edgeprof.exporters.converter import Converter
from edgeprof.folders import usable_model_folder
from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof.measuring.setting_check import require_exportable
from edgeprof_predictor import metrics
from edgeprof_predictor.evaluation import Protocol, Score, evaluation_units
from edgeprof_predictor.methods.registry import METHOD_NAMES, get_method
from edgeprof_predictor.runs import run_units
from edgeprof_predictor.spaces import SPACE_NAMES, SearchSpace, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_latency_table
from edgeprof_proto.records.device import Device
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting

SPACE: Final = "nasbench201"

SETTINGS: Final = {
    f"{thread_count} thread{'s' * (thread_count > 1)}{note}": Setting(
        runtime="onnxruntime",
        thread_count=thread_count,
        batch_size=batch_size,
        options={"graph_optimization": optimization},
    )
    for note, batch_size, optimization in (("", 1, "all"), (", as written", 1, "disabled"), (", batch 8", 8, "all"))
    for thread_count in (1, 2)
} | {
    "int8": Setting(runtime="onnxruntime", precision="int8"),
    "OpenVINO": Setting(runtime="openvino"),
}
"""Threads, batches, graph optimisation, precision and engine change the order of networks, not only the scale."""

PLAN: Final = MeasurementPlan(
    warmup_run_count=3, warmup_duration_ms=30, timed_run_count=10, timed_duration_ms=100, block_count=5
)
"""Shorter than the agent's own: thousands of measurements must end within the hour."""

ROUND_COUNT: Final = 4
"""Measurements of one network in one setting at most, minutes apart and by different workers."""

PART_COUNT: Final = 50
"""Networks that are measured in all settings and rounds before the next: a run that is cut short has whole rows."""

AGREEMENT: Final = 1.05
"""The two fastest measurements may differ by this factor; otherwise the network is measured again."""

REPEATED_MIN: Final = 10
"""Networks measured twice that are needed to report how well ranks agree."""

KNOWN_SHARE: Final = 0.9
"""Share of the networks, drawn by seed, on which the sources are known."""

MARGIN: Final = 0.02
"""Target: largest difference of the Spearman from the ceiling."""

TABLE_HEAD: Final = (
    "| setting | samples | Spearman | seeds | median APE | coverage | ceiling: Spearman / APE | below it "
    f"| within {MARGIN} | published devices alone | FLOPs | measured twice |\n" + "| --- " * 12 + "|"
)

Medians = dict[tuple[str, str], list[float]]
"""All measurements of an architecture in a setting, in the order taken."""


def read_medians(path: Path) -> Medians:
    """Return the measurements of the file; an incomplete last line is ignored."""
    medians: Medians = {}
    for text in path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines() if path.exists() else ():
        line = json.loads(text)
        medians.setdefault((line["architecture"], line["setting"]), []).append(line["median_ms"])
    return medians


def draw_networks(space: SearchSpace, count: int) -> list[str]:
    """Draw networks whose output depends on their input and whose pruned graphs differ."""
    choices = space.sample_choices(min(10 * count, space.size), seed=0)
    choices = choices[space.is_connected(choices)][::-1]
    by_graph = {graph.tobytes(): row for graph, row in zip(space.pruned(choices), choices, strict=True)}
    return [space.format(architecture) for architecture in space.architectures(list(by_graph.values())[::-1][:count])]


def measure(path: Path, network_count: int, space: SearchSpace, model_folder: Path | None) -> None:
    """Measure what is missing in the file: part by part, round by round, each setting of a part by one worker."""
    networks = draw_networks(space, network_count)
    medians = read_medians(path)
    with (
        tempfile.TemporaryDirectory() as folder,
        local_agent(Path(folder) / "agent") as address,
        edgeprof.connect(address) as client,
        path.open("a", encoding="utf-8") as file,
    ):
        exported = export_all(client.device(), space, networks, usable_model_folder(model_folder))
        parts = [networks[start : start + PART_COUNT] for start in range(0, len(networks), PART_COUNT)]
        for (index, part), number, name in itertools.product(enumerate(parts), range(ROUND_COUNT), SETTINGS):
            kept = {text: medians.setdefault((text, name), []) for text in part if (text, name) in exported}
            missing = [text for text, done in kept.items() if len(done) <= number and not is_converged(done)]
            for line in measure_series(client, name, {text: exported[text, name] for text in missing}):
                kept[line["architecture"]].append(line["median_ms"])
                print(json.dumps(line), file=file, flush=True)
            print(f"part {index + 1} of {len(parts)}, round {number + 1}, {name}: {len(missing)}", file=sys.stderr)


def export_all(
    device: Device, space: SearchSpace, networks: Sequence[str], folder: Path
) -> dict[tuple[str, str], Path]:
    """Export networks for all settings before the first measurement: what converts them would slow it down.

    Returns:
        The main file by architecture and setting. What an exporter cannot write is said, and left out.
    """
    exported = {}
    for name, setting in SETTINGS.items():
        choice = require_exportable(device, setting)
        with Converter(choice, space, folder, batch_size=setting.batch_size) as converter:
            for text in networks:
                try:
                    exported[text, name] = converter.convert(text)[0]
                except ExportError as error:
                    print(f"{name}: {error}", file=sys.stderr)
        print(f"exported for {name}", file=sys.stderr)
    return exported


def measure_series(client: DeviceClient, name: str, models: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Measure networks in one setting by one worker; one that fails is said, and left out."""
    if not models:
        return []
    job_id = uuid.uuid4().hex
    results = client.measure_series(list(models.values()), SETTINGS[name], job_id=job_id, plan=PLAN)
    client.acknowledge((job_id,))
    lines = []
    for text, result in zip(models, results, strict=True):
        if result.measurement is None:
            print(f"{name}, {text}: {result.failure}", file=sys.stderr)
            continue
        lines.append(
            {
                "architecture": text,
                "setting": name,
                "median_ms": result.measurement.median_ms,
                "relative_sd": estimate_latency([result.measurement]).relative_sd,
                "verdict": result.measurement.verdict.kind.value,
            }
        )
    return lines


def is_converged(medians: Sequence[float]) -> bool:
    """Return whether the two fastest measurements agree; contention and heat only make a device slower."""
    return len(medians) > 1 and sorted(medians)[1] <= AGREEMENT * min(medians)


def measured_table(path: Path, space: SearchSpace) -> tuple[LatencyTable, dict[str, float]]:
    """Return the fastest measurement of each network, and how well the ranks of first and second ones agree."""
    medians = read_medians(path)
    names = dict.fromkeys(text for text, _ in medians)
    texts = [text for text in names if all((text, name) in medians for name in SETTINGS)]
    table = LatencyTable(
        platforms=tuple(SETTINGS),
        choices=space.choices([space.parse(text) for text in texts]),
        latency_ms=np.array([[min(medians[text, name]) for text in texts] for name in SETTINGS]),
    )
    return table, {name: agreement([medians[text, name][:2] for text in texts]) for name in SETTINGS}


def agreement(medians: Sequence[Sequence[float]]) -> float:
    """Return the Spearman between first and second measurements; nan where few networks have a second one."""
    twice = np.array([pair for pair in medians if len(pair) > 1])
    return metrics.spearman(twice[:, 0], twice[:, 1]) if len(twice) >= REPEATED_MIN else float("nan")


def with_published(measured: LatencyTable, space: SearchSpace) -> LatencyTable:
    """Return the table with the published devices' latencies of the same networks beside it."""
    published = load_latency_table(DATA_FOLDER / f"latency_{space.name}.npz", space)
    index = {row.tobytes(): position for position, row in enumerate(published.choices)}
    published = published.subset([index[row.tobytes()] for row in measured.choices])
    return LatencyTable(
        platforms=published.platforms + measured.platforms,
        choices=measured.choices,
        latency_ms=np.concatenate([published.latency_ms, measured.latency_ms]),
    )


def score(path: Path, samples: Sequence[int], seeds: int, method: str) -> list[dict[str, object]]:
    """Print the table of a method, each setting left out in turn, and return every score."""
    space = get_space(SPACE)
    measured, repeat_spearman = measured_table(path, space)
    table = with_published(measured, space)

    def run(train: Sequence[str], test: Sequence[str], *methods: str) -> list[Score]:
        protocol = Protocol(
            train=tuple(train),
            test=tuple(test),
            sample_counts=tuple(samples),
            seeds=tuple(range(seeds)),
            pretrain_samples=int(KNOWN_SHARE * len(table.choices)),
            methods=tuple(get_method(name) for name in methods),
        )
        units = evaluation_units(space, table, protocol)
        rows = run_units(units, on_finished=lambda unit: print(f"{', '.join(test)}: {unit}", file=sys.stderr))
        return [Score.from_row(row) for row in rows]

    alone = run([name for name in table.platforms if name not in SETTINGS], list(SETTINGS), method, "flops")
    rows: list[dict[str, object]] = [{"sources": "published", **item.as_row()} for item in alone]
    print(TABLE_HEAD)
    for name in SETTINGS:
        scores = run([other for other in table.platforms if other != name], [name], method)
        limits = ceiling(space, table.choices, table.latencies_of(name))
        for count in samples:
            beside = [item for item in alone if (item.platform, item.sample_count) == (name, count)]
            with_settings = [item for item in scores if item.sample_count == count]
            print(table_row(with_settings, beside, limits), f"{repeat_spearman[name]:.3f} |", flush=True)
        facts = {"ceiling_spearman": limits[0], "ceiling_ape": limits[1], "repeat_spearman": repeat_spearman[name]}
        rows += [{"sources": "published and settings", **item.as_row(), **facts} for item in scores]
    return rows


def table_row(scores: Sequence[Score], alone: Sequence[Score], limits: tuple[float, float]) -> str:
    """Return a row of Markdown without its last column: scores of one setting and count, one a seed."""
    name, count, method = scores[0].platform, scores[0].sample_count, scores[0].method
    spearman = np.array([item.spearman for item in scores])
    spread = f" ± {metrics.sample_deviation(spearman):.3f}" if len(spearman) > 1 else ""
    below = limits[0] - spearman.mean()
    figures = (
        f"{spearman.mean():.3f}{spread}",
        f"{len(scores)}",
        f"{np.mean([item.median_ape for item in scores]):.3f}",
        f"{np.mean([item.interval_coverage for item in scores]):.2f}",
        f"{limits[0]:.3f} / {limits[1]:.3f}",
        f"{below:+.3f}",
        "yes" if below <= MARGIN else "no",
        f"{np.mean([item.spearman for item in alone if item.method == method]):.3f}",
        f"{np.mean([item.spearman for item in alone if item.method != method]):.3f}",
    )
    return f"| {name} | {count} | {' | '.join(figures)} |"


def main() -> int:
    """Measure, or print the table."""
    parser = argparse.ArgumentParser(description="Accuracy on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    measuring = commands.add_parser("measure", help="measure networks in all settings")
    measuring.add_argument(
        "--out", type=Path, required=True, help="file of the measurements; continued where it exists"
    )
    measuring.add_argument("--networks", type=int, default=300, help="number of networks")
    measuring.add_argument("--model-folder", type=Path, metavar="FOLDER", help="where exported networks are kept")
    measuring.add_argument("--space", default=SPACE, choices=SPACE_NAMES, help="search space of the networks")
    scoring = commands.add_parser("score", help="score a method on the measurements")
    scoring.add_argument("file", type=Path, help="file of the measurements")
    scoring.add_argument("--samples", default="5,10,20", help="sample counts, joined by commas")
    scoring.add_argument("--seeds", type=int, default=5, help="number of seeds")
    scoring.add_argument("--method", default="default", choices=METHOD_NAMES)
    scoring.add_argument("--output", type=Path, metavar="FILE", help="file for all scores")
    arguments = parser.parse_args()
    if arguments.command == "measure":
        measure(arguments.out, arguments.networks, get_space(arguments.space), arguments.model_folder)
    else:
        samples = [int(count) for count in arguments.samples.split(",")]
        rows = score(arguments.file, samples, arguments.seeds, arguments.method)
        if arguments.output is not None:
            arguments.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
