"""Accuracy on this machine: each runtime setting in turn is new, the others and the published devices are known.

python benchmarks/this_machine.py measure --out FILE.jsonl [--networks 300] [--space fbnet]
python benchmarks/this_machine.py score FILE.jsonl [--samples 5,10,20] [--seeds 5] [--method default] [--output FILE]

`measure` times random networks of NAS-Bench-201 in six settings through an agent of its own, for an hour, and continues
an earlier run. `score` scores a method that is given a few of them, beside the ceiling that nearly all of them allow.
The published table comes from the folder named by EDGEPROF_DATA, else from ../shared/data beside the repository.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from ceiling import ceiling
from published_data import DATA_FOLDER

import edgeprof
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.local_agent import local_agent
from edgeprof.exporters.onnx import export_architecture
from edgeprof.measuring.latency_estimate import estimate_latency
from edgeprof_predictor import metrics
from edgeprof_predictor.evaluation import Protocol, Score, evaluation_units
from edgeprof_predictor.methods.registry import METHOD_NAMES, get_method
from edgeprof_predictor.runs import run_units
from edgeprof_predictor.spaces import SPACE_NAMES, SearchSpace, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_latency_table
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
}
"""Threads, batches and graph optimisation change the order of networks, not only the scale."""

PLAN: Final = MeasurementPlan(
    warmup_run_count=3, warmup_duration_ms=30, timed_run_count=10, timed_duration_ms=100, block_count=5
)
"""Shorter than the agent's own: thousands of measurements must end within the hour."""

ROUND_COUNT: Final = 4
"""Measurements of one network in one setting at most, many minutes apart."""

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


def measure(path: Path, network_count: int, space: SearchSpace) -> None:
    """Measure what is missing in the file: round by round, network by network, each in all settings."""
    networks = draw_networks(space, network_count)
    medians = read_medians(path)
    with (
        tempfile.TemporaryDirectory() as folder,
        local_agent(Path(folder) / "agent") as address,
        edgeprof.connect(address) as client,
        path.open("a", encoding="utf-8") as file,
    ):
        for number, (index, text) in itertools.product(range(ROUND_COUNT), enumerate(networks)):
            for name in SETTINGS:
                done = medians.setdefault((text, name), [])
                if len(done) <= number and not is_converged(done):
                    line = measure_once(client, space, text, name, Path(folder))
                    done.append(line["median_ms"])
                    print(json.dumps(line), file=file, flush=True)
            print(f"round {number + 1}, {index + 1} of {len(networks)}", file=sys.stderr, flush=True)


def is_converged(medians: Sequence[float]) -> bool:
    """Return whether the two fastest measurements agree; contention and heat only make a device slower."""
    return len(medians) > 1 and sorted(medians)[1] <= AGREEMENT * min(medians)


def measure_once(client: DeviceClient, space: SearchSpace, text: str, name: str, folder: Path) -> dict[str, Any]:
    """Measure one network in one setting."""
    setting = SETTINGS[name]
    model = export_architecture(space, space.parse(text), folder / "models", batch_size=setting.batch_size)
    measurement = client.measure(model, setting, job_id=uuid.uuid4().hex, plan=PLAN)
    return {
        "architecture": text,
        "setting": name,
        "median_ms": measurement.median_ms,
        "relative_sd": estimate_latency([measurement]).relative_sd,
        "verdict": measurement.verdict.kind.value,
    }


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
    measuring.add_argument("--space", default=SPACE, choices=SPACE_NAMES, help="search space of the networks")
    scoring = commands.add_parser("score", help="score a method on the measurements")
    scoring.add_argument("file", type=Path, help="file of the measurements")
    scoring.add_argument("--samples", default="5,10,20", help="sample counts, joined by commas")
    scoring.add_argument("--seeds", type=int, default=5, help="number of seeds")
    scoring.add_argument("--method", default="default", choices=METHOD_NAMES)
    scoring.add_argument("--output", type=Path, metavar="FILE", help="file for all scores")
    arguments = parser.parse_args()
    if arguments.command == "measure":
        measure(arguments.out, arguments.networks, get_space(arguments.space))
    else:
        samples = [int(count) for count in arguments.samples.split(",")]
        rows = score(arguments.file, samples, arguments.seeds, arguments.method)
        if arguments.output is not None:
            arguments.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
