"""Score transfers on published tables: one unit a direction, platform, seed and group of methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from benchmarks.transfer.published import DIRECTIONS, common_platforms, latencies, proxies, references_of
from numpy.typing import NDArray

from edgeprof_predictor import metrics
from edgeprof_predictor.encodings.reference_latencies import TableReferences
from edgeprof_predictor.runs import Unit
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray, get_space
from edgeprof_predictor.transfer import TransferMethod, TransferTask, get_transfer
from edgeprof_predictor.transfer.mlp import scratch_on

SAMPLE_COUNTS: Final = (0, 2, 4, 8, 16, 32)
SOURCE_SHARE: Final = 0.15
POOL_COUNT: Final = 400
SCORED_COUNT: Final = 2000

LINEAR: Final = ("equal", "ridge-equal", "ridge-half", "ridge-scratch", "ridge-source")
NETWORKS: Final = ("mlp-hwl", "scratch-hwl", "scratch-vec", "scratch-zcp")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One platform taken from one space to the other.

    Args:
        source: Name of the source space.
        target: Name of the target space.
        left_out: `target` or `family`: platforms that are not among the references.
        platform: The new one.
        seed: Of architectures and methods.
    """

    source: str
    target: str
    left_out: str
    platform: str
    seed: int

    def task(self, *, with_proxies: bool = False) -> tuple[TransferTask, FloatArray, NDArray[np.int64]]:
        """Return the task, the latencies of pool and scored architectures, and the rows that are scored."""
        generator = np.random.default_rng(self.seed)
        known = latencies(self.source)
        known = known.subset(generator.permutation(len(known.choices))[: int(SOURCE_SHARE * len(known.choices))])
        table = latencies(self.target)
        order = generator.permutation(len(table.choices))
        if with_proxies:
            order = order[proxies(self.target).covers(table.choices[order])]
        table = table.subset(order[: POOL_COUNT + SCORED_COUNT])
        references = references_of(self.platform, self.left_out)
        task = TransferTask(
            source_space=get_space(self.source),
            target_space=get_space(self.target),
            source=known,
            platform=self.platform,
            references=TableReferences(self.target, table.select(references)),
            pool=table.choices[:POOL_COUNT],
        )
        return task, table.latencies_of(self.platform), table.choices


def units(seeds: Sequence[int], network_seeds: Sequence[int]) -> list[Unit]:
    """Return all units, in the order of seeds, so that an early stop leaves some seeds of every case."""
    cases = [
        Case(source=source, target=target, left_out=left_out, platform=platform, seed=seed)
        for seed in seeds
        for left_out in ("target", "family")
        for source, target in DIRECTIONS
        for platform in common_platforms()
    ]
    found = []
    for seed in seeds:
        of_seed = [case for case in cases if case.seed == seed]
        found += [Unit(name=f"{_name(case)}/linear", work=partial(linear_rows, case)) for case in of_seed]
        if seed in network_seeds:
            found += [
                Unit(name=f"{_name(case)}/networks", work=partial(network_rows, case))
                for case in of_seed
                if case.left_out == "target"
            ]
    return found


def linear_rows(case: Case) -> list[Row]:
    """Score the default, and the linear methods with random samples and with the default's."""
    task, latency_ms, choices = case.task()
    default = get_transfer("default")(task, seed=case.seed)
    designed = default.choose_samples(max(SAMPLE_COUNTS))
    chance = TransferMethod.choose_samples(default, max(SAMPLE_COUNTS))
    methods = [("default", default), *((name, get_transfer(name)(task, seed=case.seed)) for name in LINEAR)]
    rows = []
    for name, method in methods:
        for chosen, order in (("chosen", designed), ("random", chance)):
            rows += _scores(case, name, chosen, method, order, latency_ms, choices)
    return rows


def network_rows(case: Case) -> list[Row]:
    """Score the paper's network, transferred and from scratch, with random samples."""
    rows = []
    for name in NETWORKS:
        task, latency_ms, choices = case.task(with_proxies=name == "scratch-zcp")
        kind = scratch_on(proxies(case.target)) if name == "scratch-zcp" else get_transfer(name)
        method = kind(task, seed=case.seed)
        rows += _scores(case, name, "random", method, method.choose_samples(max(SAMPLE_COUNTS)), latency_ms, choices)
    return rows


def _scores(
    case: Case,
    name: str,
    chosen: str,
    method: TransferMethod,
    order: NDArray[np.int64],
    latency_ms: FloatArray,
    choices: ChoiceArray,
) -> list[Row]:
    rows = []
    actual, scored = latency_ms[POOL_COUNT:], choices[POOL_COUNT:]
    for count in SAMPLE_COUNTS:
        if not count and name.startswith("scratch"):
            continue
        samples = Samples.of(choices[order[:count]], latency_ms[order[:count]])
        predicted = method.adapt(samples).predict(scored)
        row: Row = {
            "source": case.source,
            "target": case.target,
            "left_out": case.left_out,
            "platform": case.platform,
            "seed": case.seed,
            "method": name,
            "samples": chosen,
            "sample_count": count,
            "spearman": metrics.spearman(actual, predicted.latency_ms),
        }
        if count:
            row["median_ape"] = metrics.median_ape(actual, predicted.latency_ms)
            row["coverage"] = metrics.interval_coverage(actual, predicted.lower_ms, predicted.upper_ms)
        rows.append(row)
    return rows


def _name(case: Case) -> str:
    return f"{case.source}/{case.target}/{case.left_out}/{case.platform}/{case.seed}"
