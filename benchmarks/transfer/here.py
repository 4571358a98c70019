"""Transfer between spaces on platforms of this machine: each setting in turn is new on the target space."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from benchmarks.transfer.runs import LINEAR

from edgeprof_predictor import metrics
from edgeprof_predictor.encodings.reference_latencies import TableReferences
from edgeprof_predictor.errors import TableError
from edgeprof_predictor.runs import Unit
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import FloatArray, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.transfer import TransferTask, get_transfer

SAMPLE_COUNTS: Final = (0, 4, 8, 16)
METHODS: Final = ("default", *LINEAR, "mlp-hwl", "scratch-hwl", "scratch-vec")
POOL_SHARE: Final = 0.5
"""Of the measured networks: samples are chosen among them; the others are scored and never measured by a method."""

RESAMPLE_COUNT: Final = 200

Row = dict[str, Any]


def measured_table(path: Path, space_name: str) -> LatencyTable:
    """Return the fastest of the measurements of each network that every setting has.

    Raises:
        TableError: If fewer than 20 networks were measured.
    """
    space = get_space(space_name)
    fastest: dict[str, dict[str, float]] = {}
    for text in path.read_text(encoding="utf-8").rpartition("\n")[0].splitlines():
        line = json.loads(text)
        of_setting = fastest.setdefault(line["setting"], {})
        median_ms = float(line["median_ms"])
        of_setting[line["architecture"]] = min(median_ms, of_setting.get(line["architecture"], median_ms))
    texts = [text for text in next(iter(fastest.values()), {}) if all(text in found for found in fastest.values())]
    if len(texts) < 20:
        raise TableError(f"{path} holds {len(texts)} networks measured in every setting; 20 are needed")
    return LatencyTable(
        platforms=tuple(fastest),
        choices=space.choices([space.parse(text) for text in texts]),
        latency_ms=np.array([[found[text] for text in texts] for found in fastest.values()]),
    )


def units(fbnet: Path, nasbench201: Path, seeds: Sequence[int]) -> list[Unit]:
    """Return the units of work: each setting new in turn, either space as source, in the order of seeds."""
    tables = {"fbnet": measured_table(fbnet, "fbnet"), "nasbench201": measured_table(nasbench201, "nasbench201")}
    return [
        Unit(
            name=f"{source}/{target}/{platform}/{left_out}/{seed}",
            work=partial(_rows, tables, source, target, platform, left_out, seed),
        )
        for seed in seeds
        for left_out in ("target", "threads")
        for source, target in (("fbnet", "nasbench201"), ("nasbench201", "fbnet"))
        for platform in tables[source].platforms
    ]


def _rows(
    tables: dict[str, LatencyTable], source: str, target: str, platform: str, left_out: str, seed: int
) -> list[Row]:
    table = tables[target]
    note = platform.partition(",")[2]
    references = [
        name
        for name in table.platforms
        if name != platform and (left_out == "target" or name.partition(",")[2] != note)
    ]
    order = np.random.default_rng(seed).permutation(len(table.choices))
    pool, scored = np.split(order, [int(POOL_SHARE * len(order))])
    task = TransferTask(
        source_space=get_space(source),
        target_space=get_space(target),
        source=tables[source],
        platform=platform,
        references=TableReferences(target, table.select(references)),
        pool=table.choices[pool],
    )
    latency_ms = table.latencies_of(platform)
    rows = []
    for name in METHODS:
        method = get_transfer(name)(task, seed=seed)
        chosen = pool[method.choose_samples(max(SAMPLE_COUNTS))]
        for count in SAMPLE_COUNTS:
            if not count and name.startswith("scratch"):
                continue
            samples = Samples.of(table.choices[chosen[:count]], latency_ms[chosen[:count]])
            predicted = method.adapt(samples).predict(table.choices[scored])
            row: Row = {
                "source": source,
                "target": target,
                "platform": platform,
                "left_out": left_out,
                "seed": seed,
                "method": name,
                "sample_count": count,
                "networks": len(table.choices),
                "spearman": metrics.spearman(latency_ms[scored], predicted.latency_ms),
                "spearman_interval": _interval(metrics.spearman, latency_ms[scored], predicted.latency_ms),
            }
            if count:
                row["median_ape"] = metrics.median_ape(latency_ms[scored], predicted.latency_ms)
                row["median_ape_interval"] = _interval(metrics.median_ape, latency_ms[scored], predicted.latency_ms)
                row["coverage"] = metrics.interval_coverage(latency_ms[scored], predicted.lower_ms, predicted.upper_ms)
            rows.append(row)
    return rows


def _interval(score: Any, actual: FloatArray, predicted: FloatArray) -> list[float]:
    """Return the middle 90 % of a score over resampled networks."""
    generator = np.random.default_rng(0)
    drawn = generator.integers(len(actual), size=(RESAMPLE_COUNT, len(actual)))
    found = [score(actual[rows], predicted[rows]) for rows in drawn]
    return [float(end) for end in np.quantile(found, (0.05, 0.95))]
