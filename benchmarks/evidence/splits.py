"""The splits of platforms: four published ones, and six that leave out a kind of platform each."""

from __future__ import annotations

from typing import Final

from benchmarks.published_data import GPUS, TASKS, Task
from benchmarks.transfer.published import kind

from edgeprof_predictor.spaces import get_space

CPUS: Final = ("gold_6226", "silver_4114", "silver_4210r")
PHONES: Final = ("essential_ph_1", "pixel2", "pixel3", "samsung_a50", "samsung_s7")
OTHERS: Final = ("eyeriss", "fpga", "raspi4")

LARGEST_BATCH: Final = {"nasbench201": 256, "fbnet": 64}
"""Of the published measurements on GPUs."""

SOURCE_COUNTS: Final = {"nasbench201": 900, "fbnet": 1000}
"""Architectures known of each source on our own splits; the published ones have 900 and 4000."""

LEFT_OUT: Final = {"GPU": "GPUs", "CPU": "CPUs", "phone": "phones"}
"""Kinds of platforms that our own splits leave out, and their plurals."""


def _platforms(space: str) -> tuple[str, ...]:
    """Return platforms of both tables, of GPUs one card a batch size: many cards of one batch size are twins."""
    cards = zip(GPUS, (1, 32, LARGEST_BATCH[space]), strict=False)
    return (*(f"{card}_{batch}" for card, batch in cards), *CPUS, *PHONES, *OTHERS)


def _without(space: str, left_out: str) -> Task:
    """Return the split on which all platforms of a kind are new."""
    platforms = _platforms(space)
    new = [name for name in platforms if kind(name) == left_out]
    return Task(space=space, train=" ".join(name for name in platforms if name not in new), test=" ".join(new))


OWN: Final = {
    f"{space}-{plural}": _without(space, left_out) for space in LARGEST_BATCH for left_out, plural in LEFT_OUT.items()
}

SPLITS: Final = {**TASKS, **OWN}

DEFAULT_SPLITS: Final = ("nasbench201-default", "fbnet-default")
"""On which methods without sources, and with a single one, are scored."""


def source_count(split: str) -> int:
    """Return how many architectures are known of each source of a split."""
    space = SPLITS[split].space
    return SOURCE_COUNTS[space] if split in OWN else get_space(space).paper_source_count
