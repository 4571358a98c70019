"""What learning from devices of one's own adds: settings of this machine, each new in turn, the others learnt.

python benchmarks/own_devices.py FILE.jsonl [--samples 10] [--learnt 10,40] [--seeds 5] [--settings "NAME;NAME"]
    [--model-alone] [--output FILE]

FILE is what `this_machine.py measure` has written. Each setting is onboarded with the space's own bundle, as `edgeprof
onboard` does it, on samples that the default method chooses among the networks measured; the others are learnt as
`edgeprof learn` does it, from so many networks each: the samples of their onboarding, then random ones. Scored are all
networks that are no sample of the new setting. Beside it: the published sources alone, no source at all, and the
ceiling that nearly all measurements allow.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from ceiling import ceiling
from numpy.typing import NDArray
from this_machine import SETTINGS, SPACE, measured_table

from edgeprof_predictor import metrics
from edgeprof_predictor.bundle import load_bundle
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.methods.default.own_platforms import with_platforms
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import get_space
from edgeprof_predictor.tables.latency_table import LatencyTable

CANDIDATE_SHARE: Final = 0.5
"""Share of the networks, drawn by seed, among which samples are chosen: seeds differ by it."""

NONE: Final = "no source"
PUBLISHED: Final = "published"


def choose(method: DefaultMethod, table: LatencyTable, platform: str, count: int, *, seed: int) -> NDArray[np.int64]:
    """Return the rows of the samples of a platform, chosen as an onboarding chooses them."""
    length = len(table.choices)
    order = np.random.default_rng(seed).permutation(length)[: max(int(CANDIDATE_SHARE * length), count)]
    chosen: list[int] = []
    while len(chosen) < count:
        left = np.setdiff1d(order, chosen)
        wanted = method.next_round(len(chosen), count)
        measured = samples_of(table, platform, np.array(chosen, np.int64))
        chosen += left[method.choose_samples(table.choices[left], wanted, measured=measured, seed=seed)].tolist()
    return np.array(chosen, np.int64)


def samples_of(table: LatencyTable, platform: str, rows: NDArray[np.int64]) -> Samples:
    """Return the latencies of a platform on some networks, as samples."""
    return Samples.of(table.choices[rows], table.latencies_of(platform)[rows])


def onboarded(method: DefaultMethod, table: LatencyTable, platform: str, count: int, *, seed: int) -> DefaultPredictor:
    """Return the predictor of a platform after so many samples.

    Args:
        method: Not yet `for_pruned_graphs`.
        table: Latencies of the networks that were measured.
        platform: One of the table.
        count: Samples.
        seed: Of the candidates and the network.
    """
    pruned = method.for_pruned_graphs()
    rows = choose(pruned, table, platform, count, seed=seed)
    return pruned.adapt(samples_of(table, platform, rows), seed=seed)


def scores_of(predictor: DefaultPredictor, table: LatencyTable, platform: str) -> dict[str, float]:
    """Return rank correlation, error and coverage on the networks that are no samples."""
    sampled = {row.tobytes() for row in predictor.samples.choices}
    rows = np.array([index for index, row in enumerate(table.choices) if row.tobytes() not in sampled])
    measured, predicted = table.latencies_of(platform)[rows], predictor.predict(table.choices[rows])
    return {
        "spearman": metrics.spearman(measured, predicted.latency_ms),
        "median_ape": metrics.median_ape(measured, predicted.latency_ms),
        "coverage": metrics.interval_coverage(measured, predicted.lower_ms, predicted.upper_ms),
    }


def learnt_from(
    predictor: DefaultPredictor, table: LatencyTable, platform: str, count: int, *, seed: int
) -> DefaultPredictor:
    """Return the predictor of a platform once random networks have joined its samples, so many in all."""
    more = count - predictor.samples.count
    if more <= 0:
        return predictor
    sampled = {row.tobytes() for row in predictor.samples.choices}
    rest = [index for index, row in enumerate(table.choices) if row.tobytes() not in sampled]
    drawn = np.random.default_rng(seed).permutation(rest)[:more]
    return predictor.joined(samples_of(table, platform, drawn))


def score(
    published: DefaultMethod,
    table: LatencyTable,
    count: int,
    learnt_counts: Sequence[int],
    seeds: int,
    names: Sequence[str],
) -> list[dict[str, object]]:
    """Score each setting with each kind of sources; one row for each seed."""
    without = DefaultMethod.without_sources(published.space, seed=0)
    rows: list[dict[str, object]] = []
    for seed in range(seeds):
        alone = {name: onboarded(published, table, name, count, seed=seed) for name in names}
        own = {
            learnt: {name: learnt_from(one, table, name, learnt, seed=seed) for name, one in alone.items()}
            for learnt in learnt_counts
        }
        for name in names:
            found = {NONE: onboarded(without, table, name, count, seed=seed), PUBLISHED: alone[name]}
            for learnt, predictors in own.items():
                others = {other: one for other, one in predictors.items() if other != name}
                method = with_platforms(published, others, seed=seed)
                found[f"learnt, {learnt} networks each"] = onboarded(method, table, name, count, seed=seed)
            rows += [
                {"setting": name, "sources": sources, "seed": seed, **scores_of(predictor, table, name)}
                for sources, predictor in found.items()
            ]
        print(f"seed {seed + 1} of {seeds}", file=sys.stderr, flush=True)
    return rows


def print_tables(rows: Sequence[Mapping[str, object]], table: LatencyTable, names: Sequence[str]) -> None:
    """Print rank correlations, then errors, a line for each setting; the differences to published sources alone."""
    kinds = list(dict.fromkeys(str(row["sources"]) for row in rows))
    limits = {name: ceiling(get_space(SPACE), table.choices, table.latencies_of(name)) for name in names}
    for number, measure in enumerate(("spearman", "median_ape", "coverage")):
        values = {
            kind: np.array(
                [[row[measure] for row in rows if (row["setting"], row["sources"]) == (name, kind)] for name in names],
                dtype=np.float64,
            )
            for kind in kinds
        }
        print(f"\n| {measure}: setting | {' | '.join(kinds)} | ceiling |")
        print("| --- " * (len(kinds) + 2) + "|")
        for index, name in enumerate(names):
            limit = "" if number == 2 else f"{limits[name][number]:.3f}"
            print(f"| {name} | {' | '.join(f'{values[kind][index].mean():.3f}' for kind in kinds)} | {limit} |")
        over_settings = {kind: found.mean(axis=0) for kind, found in values.items()}
        limit = "" if number == 2 else f"{np.mean([limits[name][number] for name in names]):.3f}"
        spread = [f"{found.mean():.3f} ± {metrics.sample_deviation(found):.3f}" for found in over_settings.values()]
        print(f"| mean | {' | '.join(spread)} | {limit} |")
        differences = [f"{(found - over_settings[PUBLISHED]).mean():+.3f}" for found in over_settings.values()]
        print(f"| against {PUBLISHED} | {' | '.join(differences)} | |", flush=True)


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="What learning from devices of one's own adds.")
    parser.add_argument("file", type=Path, help="file of the measurements")
    parser.add_argument("--samples", type=int, default=10, help="samples of the new setting")
    parser.add_argument("--learnt", default="10,40", help="networks of each learnt setting, joined by commas")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds, two at least")
    parser.add_argument("--settings", default="", help="settings of the fleet, joined by semicolons; all if empty")
    parser.add_argument(
        "--model-alone", action="store_true", help="leave out the network, whose weight is a fifth at most: much faster"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="file for all scores")
    arguments = parser.parse_args()
    table, _ = measured_table(arguments.file, get_space(SPACE))
    names = arguments.settings.split(";") if arguments.settings else list(SETTINGS)
    learnt_counts = [int(count) for count in arguments.learnt.split(",")]
    published = load_bundle(SPACE).method
    if arguments.model_alone:
        published = replace(published, pretrained=None)
    rows = score(published, table, arguments.samples, learnt_counts, arguments.seeds, names)
    print(f"{len(table.choices)} networks, {arguments.samples} samples of the new setting, {arguments.seeds} seeds")
    print_tables(rows, table, names)
    if arguments.output is not None:
        arguments.output.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
