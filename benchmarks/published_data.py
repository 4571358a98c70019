"""Where the published tables are, and the splits of their platforms on which methods are compared."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA_FOLDER: Final = Path(os.environ.get("EDGEPROF_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
"""The folder that $EDGEPROF_DATA names, else `../shared/data` beside the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A split of platforms.

    Args:
        space: Name of the search space.
        train: Source platforms.
        test: New platforms.

    Source:
        Multi-Predict, section 4 and Table 13; the default splits are HELP's.
    """

    space: str
    train: str
    test: str


PHONES_AND_CPUS: Final = "silver_4114 silver_4210r samsung_a50 pixel3 essential_ph_1 samsung_s7"
GPUS: Final = ("1080ti", "2080ti", "titan_rtx", "titanx", "titanxp")
TASKS: Final = {
    "nasbench201-default": Task(
        space="nasbench201",
        train=f"1080ti_1 1080ti_32 1080ti_256 {PHONES_AND_CPUS}",
        test="titan_rtx_256 gold_6226 pixel2 raspi4 eyeriss fpga",
    ),
    "nasbench201-adversarial": Task(
        space="nasbench201",
        train="titan_rtx_1 titan_rtx_32 titanxp_1 2080ti_1 titanx_1 1080ti_1 titanx_32 titanxp_32 2080ti_32 "
        "1080ti_32 gold_6226 samsung_s7 silver_4114 gold_6240 silver_4210r samsung_a50 pixel2",
        test="eyeriss",
    ),
    "fbnet-default": Task(
        space="fbnet",
        train=f"1080ti_1 1080ti_32 1080ti_64 {PHONES_AND_CPUS}",
        test="fpga raspi4 eyeriss",
    ),
    "fbnet-adversarial": Task(
        space="fbnet",
        train=" ".join(f"{gpu}_{batch}" for gpu in GPUS for batch in (1, 32, 64)),
        test="gold_6226 essential_ph_1 samsung_s7 pixel2",
    ),
}
