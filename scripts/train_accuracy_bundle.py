#!/usr/bin/env python
"""Train the shipped accuracy bundle on all tasks of the published tables.

Run it from anywhere: `scripts/train_accuracy_bundle.py`. The table is read from the folder named by EDGEPROF_DATA, else
from `../shared/data` beside the repository.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from train_bundles import DATA_FOLDER

from edgeprof_predictor.accuracy.bundle import SHIPPED_FOLDER, AccuracyCard, save_bundle
from edgeprof_predictor.accuracy.default import SOURCE_NETWORK_COUNT, DefaultAccuracy
from edgeprof_predictor.accuracy.tables import load_task, task_names
from edgeprof_predictor.accuracy.task import AccuracyTask, Trained
from edgeprof_predictor.metrics import spearman

SEED: Final = 0
TABLE: Final = DATA_FOLDER / "accuracy_and_zcp.npz"
PROVENANCE: Final = (
    "Accuracies and zero-cost proxies of NAS-Bench-Suite-Zero (Krishnakumar et al., NeurIPS 2022): NAS-Bench-101, 201 "
    "and 301, TransNAS-Bench-101."
)
LICENCE: Final = "Apache-2.0"


def option_counts(tasks: Sequence[AccuracyTask]) -> dict[str, tuple[int, ...]]:
    """Return the options of each decision, by search space."""
    found: dict[str, tuple[int, ...]] = {}
    for space in dict.fromkeys(task.space for task in tasks):
        highest = [task.candidates.choices.max(axis=0) for task in tasks if task.space == space]
        found[space] = tuple((np.max(highest, axis=0).astype(int) + 1).tolist())
    return found


def measure(method: DefaultAccuracy, tasks: Sequence[AccuracyTask]) -> float:
    """Return how well a predictor ranks its own sources before anything is trained: mean Spearman."""
    predictions = [method.predictor_for(task.candidates).predict(Trained.none(), seed=SEED) for task in tasks]
    pairs = zip(tasks, predictions, strict=True)
    return float(np.mean([spearman(task.accuracy, prediction.accuracy) for task, prediction in pairs]))


def main() -> int:
    """Train, condense, save."""
    parser = argparse.ArgumentParser(description="Train the shipped accuracy bundle on the published tables.")
    parser.add_argument("--out", type=Path, default=SHIPPED_FOLDER, help="folder to write to")
    arguments = parser.parse_args()
    started = time.monotonic()
    tasks = [load_task(TABLE, name) for name in task_names(TABLE)]
    full = DefaultAccuracy.fit_sources(tasks, seed=SEED)
    method = full.condensed(option_counts(tasks), seed=SEED)
    card = AccuracyCard(
        tasks=tuple(task.name for task in tasks),
        proxies=method.proxies,
        provenance=PROVENANCE,
        licence=LICENCE,
        architecture_count=SOURCE_NETWORK_COUNT,
        seed=SEED,
        metrics={
            "source_spearman_with_the_sources": round(measure(full, tasks), 4),
            "source_spearman_condensed": round(measure(method, tasks), 4),
        },
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = save_bundle(method, card, arguments.out)
    print(f"{path}: {dict(card.metrics)}, {time.monotonic() - started:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
