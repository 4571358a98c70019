#!/usr/bin/env python
"""Train the shipped bundles on all platforms of the published tables.

Run it from anywhere: `scripts/train_bundles.py [--space NAME ...] [--keep-network]`. The tables are read from the
folder named by EDGEPROF_DATA, else from `../shared/data` beside the repository. Training the networks takes most of the
time; with --keep-network they are taken from the bundles in the folder, for changes that do not touch them.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import torch

from edgeprof_predictor.bundle import SHIPPED_FOLDER, Bundle, BundleCard, load_bundle
from edgeprof_predictor.methods.default.calibration import Calibration
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.metrics import spearman
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER
from edgeprof_predictor.spaces import SPACE_NAMES, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_latency_table

SEED: Final = 0
DATA_FOLDER: Final = Path(os.environ.get("EDGEPROF_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
PROVENANCE: Final = (
    "Latency tables of HELP (Lee et al., NeurIPS 2021), which hold the platforms of HW-NAS-Bench "
    "(Li et al., ICLR 2021) among others."
)
LICENCE: Final = "MIT"


def train(space_name: str, network_folder: Path | None) -> Bundle:
    """Fit the default method on every platform of a table.

    Args:
        space_name: The search space, and its table.
        network_folder: Holds a bundle of the same sources whose network is taken; None to train one.
    """
    space = get_space(space_name)
    table = load_latency_table(DATA_FOLDER / f"latency_{space_name}.npz", space)
    count = space.paper_source_count
    order = np.random.default_rng(SEED).permutation(len(table.choices))
    sources, unseen = table.subset(order[:count]), table.subset(order[count:])
    before = None if network_folder is None else load_bundle(space_name, folder=network_folder)
    if before is not None and (before.card.platforms, before.card.seed) != (table.platforms, SEED):
        raise SystemExit(f"the bundle in {network_folder} is of other sources; train its network too")
    pretrained = None if before is None else before.method.pretrained
    method = DefaultMethod.fit_sources(space, sources, seed=SEED, pretrained=pretrained)
    card = BundleCard(
        space=space_name,
        platforms=table.platforms,
        provenance=PROVENANCE,
        licence=LICENCE,
        architecture_count=count,
        seed=SEED,
        hyperparameters=asdict(DEFAULT_TRANSFER),
        metrics=measure(method, unseen) | interval_factors(method.calibration),
    )
    return Bundle(card=card, method=method)


def measure(method: DefaultMethod, unseen: LatencyTable) -> dict[str, float]:
    """Return how well network and regressions rank unseen architectures on their own sources: mean Spearman."""
    prior = method.prior
    network = np.exp(method.pretrained.source_log_latencies(method.space.one_hot(unseen.choices)))
    regressions = prior.source_latencies(unseen.choices).T
    return {
        f"source_spearman_{name}": round(
            float(np.mean([spearman(actual, row) for actual, row in zip(unseen.latency_ms, rows, strict=True)])), 4
        )
        for name, rows in (("network", network), ("regressions", regressions))
    }


def interval_factors(calibration: Calibration) -> dict[str, float]:
    """Return the factors on the intervals, by number of samples."""
    return {
        f"interval_factor_{count}_samples": round(factor, 4)
        for count, factor in zip(calibration.sample_counts, calibration.interval_factors, strict=True)
    }


def main() -> int:
    """Train the named bundles."""
    names = [name for name in SPACE_NAMES if get_space(name).paper_source_count]
    parser = argparse.ArgumentParser(description="Train the shipped bundles on the published tables.")
    parser.add_argument("--space", action="append", choices=names, help="default: all")
    parser.add_argument("--keep-network", action="store_true", help="take the networks from the bundles in the folder")
    parser.add_argument("--out", type=Path, default=SHIPPED_FOLDER, help="folder to write to")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    torch.set_num_threads(1)  # one thread, one order of additions, the same weights each time
    arguments.out.mkdir(parents=True, exist_ok=True)
    for space_name in arguments.space or names:
        started = time.monotonic()
        bundle = train(space_name, arguments.out if arguments.keep_network else None)
        path = bundle.save(arguments.out)
        print(f"{path}: {dict(bundle.card.metrics)}, {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
