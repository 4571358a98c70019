"""Our zero-cost proxies against published scores, and all together against one by one.

python benchmarks/proxies.py published [--space NAME ...] [--count 60] [--jobs N] [--output FILE]
python benchmarks/proxies.py together [--space NAME ...] [--count 3] [--rounds 2] [--output FILE]

`published` scores architectures of each published table with two seeds, as its authors did: their initialisation, batch
size and image size, with random images in place of their data. It prints the rank correlation with the table (flops
and params: Pearson), and beside it how well our two seeds agree, an upper bound for any other initialisation or batch.
`together` times `compute_proxies` with all proxies and with each alone, alternating, on the same networks.
The tables are read from the folder named by EDGEPROF_DATA, else from ../shared/data beside the repository. With
--output an interrupted run of `published` is continued.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from code_version import commit, digest_of_benchmark, made_from
from figures import Figure, add_output_option, conclude
from published_proxies import PublishedTable, network_as_published, published_tables, reason_for

from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.proxies import PROXY_NAMES, canonical_name, compute_proxies, draw_weights, random_batch
from edgeprof_predictor.runs import Journal, Unit, run_units, write_rows
from edgeprof_predictor.runs.journal import Row
from edgeprof_predictor.spaces import FloatArray, get_space

SEEDS: Final = (0, 1)
LINEAR: Final = ("flops", "params")
"""Proxies that must equal the published ones up to a constant factor and offset."""

ASKED_RATIO: Final = 5.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well our scores of one proxy agree with a table."""

    table: str
    proxy: str
    count: int
    with_table: float
    between_seeds: float

    @property
    def is_met(self) -> bool:
        """Whether no difference needs an explanation."""
        return round(self.with_table, 3) >= 1.0 if self.proxy in LINEAR else self.with_table >= 0.8


def scored(table: PublishedTable, row: int, seed: int) -> list[Row]:
    """Compute the proxies of one architecture of a table."""
    network = network_as_published(table, row, seed=seed)
    batch = random_batch([table.input_shape], size=table.batch_size, seed=seed)
    wanted = [name for name in map(canonical_name, table.proxies) if name not in LINEAR]
    scores = dict(compute_proxies(network, batch, wanted, seed=seed).scores)
    whole = network_as_published(table, row, seed=seed, is_whole=True)
    image = random_batch([table.whole_input_shape], size=1, seed=seed)
    scores.update(compute_proxies(whole, image, LINEAR, seed=seed).scores)
    return [
        {"table": table.name, "row": row, "seed": seed, "proxy": name, "score": score.score}
        for name, score in scores.items()
    ]


def chosen_rows(table: PublishedTable, count: int) -> list[int]:
    """Draw this number of architectures of a table, the same each time."""
    drawn = np.random.default_rng(0).permutation(table.count)[:count]
    return sorted(drawn.tolist())


def agreement(table: PublishedTable, proxy: str, rows: Sequence[Row], chosen: Sequence[int]) -> Agreement:
    """Compare one column of a table with ours."""
    found = np.full((len(SEEDS), len(chosen)), np.nan)
    for row in rows:
        if row["table"] == table.name and row["proxy"] == proxy and row["score"] is not None:
            found[SEEDS.index(row["seed"]), chosen.index(row["row"])] = row["score"]
    published = table.column(proxy)[chosen]
    usable = np.isfinite(published) & np.isfinite(found).all(axis=0)
    ours, theirs = found[:, usable], published[usable]
    measure = _pearson if proxy in LINEAR else _spearman
    return Agreement(
        table=table.name,
        proxy=proxy,
        count=int(usable.sum()),
        with_table=float(np.mean([measure(own, theirs) for own in ours])),
        between_seeds=measure(*ours),
    )


def published(arguments: argparse.Namespace) -> int:
    """Print how our scores agree with the published ones."""
    tables = [table for table in published_tables() if not arguments.space or table.space.name in arguments.space]
    chosen = {table.name: chosen_rows(table, arguments.count) for table in tables}
    units = [
        Unit(name=f"{table.name}, architecture {row}, seed {seed}", work=partial(scored, table, row, seed))
        for table in tables
        for row in chosen[table.name]
        for seed in SEEDS
    ]
    journal = None
    if arguments.output is not None:
        inputs = {"published tables": "accuracy_and_zcp.npz, zcp_fbnet.npz", "benchmark": digest_of_benchmark()}
        journal = Journal.beside(arguments.output, inputs)
    rows = run_units(units, journal=journal, jobs=arguments.jobs, on_finished=partial(print, file=sys.stderr))
    found = [
        agreement(table, canonical_name(name), rows, chosen[table.name]) for table in tables for name in table.proxies
    ]
    print_agreements(found)
    print(f"\n{made_from(digest_of_benchmark(), commit())}")
    if arguments.output is not None and journal is not None:
        write_rows(arguments.output, rows)
        journal.remove()
    return 0 if all(item.is_met or item.proxy not in LINEAR for item in found) else 1


def print_agreements(found: Sequence[Agreement]) -> None:
    """Print a Markdown table: one row a proxy, one column a table, and then a reason for each figure below 0.8."""
    names = list(dict.fromkeys(item.table for item in found))
    print(f"| proxy | {' | '.join(names)} |")
    print(f"| --- |{' --- |' * len(names)}")
    by_place = {(item.table, item.proxy): item for item in found}
    for proxy in PROXY_NAMES:
        items = [by_place.get((name, proxy)) for name in names]
        if any(items):
            cells = ["" if item is None else f"{item.with_table:.3f} ({item.between_seeds:.3f})" for item in items]
            print(f"| {proxy} | {' | '.join(cells)} |")
    print()
    for item in found:
        if not item.is_met:
            print(f"- {item.table}, {item.proxy}: {item.with_table:.3f}. {reason_for(item.proxy, item.between_seeds)}")


def together(arguments: argparse.Namespace) -> int:
    """Print how much faster all proxies are together than one after the other, on the same networks."""
    figures, details = [], []
    for name in arguments.space or ("nasbench201", "fbnet"):
        space = get_space(name)
        batch = random_batch([space.input_shape], size=arguments.batch_size, seed=0)
        shared_s, shared_without_s, alone_s = 0.0, 0.0, dict.fromkeys(PROXY_NAMES, 0.0)
        others = tuple(proxy for proxy in PROXY_NAMES if proxy != "grasp")
        networks = [draw_weights(space.build(item), seed=0) for item in space.sample(arguments.count, seed=0)]
        compute_proxies(networks[0], batch)  # what is loaded once belongs to neither
        for network in networks * arguments.rounds:
            shared_s += _seconds(network, batch, PROXY_NAMES)
            shared_without_s += _seconds(network, batch, others)
            for proxy in PROXY_NAMES:
                alone_s[proxy] += _seconds(network, batch, (proxy,))
        ratio = sum(alone_s.values()) / shared_s
        others_s = sum(alone_s[proxy] for proxy in others)
        figures.append(
            Figure(
                name=f"{name}: all proxies together against one by one",
                measured=f"{ratio:.2f} times faster ({shared_s:.1f} s against {sum(alone_s.values()):.1f} s; "
                f"all but grasp, whose second derivative nothing shares, {others_s / shared_without_s:.2f} times)",
                asked=f"{ASKED_RATIO:g} times",
                is_met=ratio >= ASKED_RATIO,
            )
        )
        times = {"together_s": shared_s, "together_without_grasp_s": shared_without_s, "alone_s": alone_s}
        details.append({"space": name, "batch_size": arguments.batch_size, **times})
    return conclude(figures, {"runs": details}, arguments.output)


def _seconds(network: object, batch: object, proxies: Sequence[str]) -> float:
    begin_s = time.perf_counter()
    compute_proxies(network, batch, proxies)
    return time.perf_counter() - begin_s


def _spearman(first: FloatArray, second: FloatArray) -> float:
    return spearman(first, second) if len(first) > 1 and min(np.ptp(first), np.ptp(second)) > 0 else float("nan")


def _pearson(first: FloatArray, second: FloatArray) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def main() -> int:
    """Run one of the two comparisons."""
    parser = argparse.ArgumentParser(description="Zero-cost proxies against published scores, and one by one.")
    commands = parser.add_subparsers(required=True)
    for name, command, count in (("published", published, 60), ("together", together, 3)):
        options = commands.add_parser(name)
        options.set_defaults(command=command)
        options.add_argument("--space", action="append", help="default: all")
        options.add_argument("--count", type=int, default=count, help="architectures of each table or space")
        add_output_option(options)
        if command is published:
            options.add_argument("--jobs", type=int, help="networks at the same time")
        else:
            options.add_argument("--rounds", type=int, default=2, help="how often each network is timed")
            options.add_argument("--batch-size", type=int, default=32, help="items of the batch")
    arguments = parser.parse_args()
    status: int = arguments.command(arguments)
    return status


if __name__ == "__main__":
    sys.exit(main())
