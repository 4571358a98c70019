"""Latency of models of unseen families: the operator model, and simpler predictors beside it, on measured settings.

python -m benchmarks.models FOLDER [SETTING ...] [--samples 0,5,10] [--methods NAME,...] [--hyperparameters own|shipped]

FOLDER holds a profile for each setting, whose models are those of the zoo (`docs/any_model.md` says how they are
measured). Families are split in two halves; k models of one are measured, all of the other predicted, and the reverse;
random draws and the designed choice. Hyper-parameters are fitted on the settings of the other engines in the folder,
never on the target's (`--hyperparameters shipped` takes those of the release, which may have seen it).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.zoo.catalogue import catalogue

from edgeprof.evaluating.measured_settings import measured_settings
from edgeprof_predictor.operators.evaluation.contenders import score_models
from edgeprof_predictor.operators.evaluation.protocol import SAMPLE_COUNTS
from edgeprof_predictor.operators.evaluation.summary import Summary


def row(label: str, summary: Summary) -> str:
    """Return a line of the table."""

    def share(value: float | None) -> str:
        return "-" if value is None else f"{100 * value:.0f}"

    cells = [
        f"{100 * summary.median_error:.1f}",
        *map(share, (summary.tail_error, summary.within_10, summary.within_20)),
        f"{summary.spearman:.3f}",
        f"{summary.bias:+.2f}",
        *map(share, (summary.coverage, summary.half_width, summary.outside, summary.outside_large)),
        share(summary.inside_large),
    ]
    return f"| {label} | {' | '.join(cells)} |"


HEAD = (
    "| method | k | setting | median error | 90th pct | within 10 % | within 20 % | Spearman | bias | coverage | "
    "half-width | not known | large errors there | elsewhere |"
)


def main() -> int:
    """Score, print."""
    parser = argparse.ArgumentParser(description="Score the operator model on unseen families of models.")
    parser.add_argument("folder", type=Path, help="profiles of models, a file for each setting")
    parser.add_argument("settings", nargs="*", help="settings to predict; all by default")
    parser.add_argument("--samples", default=",".join(map(str, SAMPLE_COUNTS)), help="measured models")
    parser.add_argument("--methods", default="", help="methods to compare; all by default")
    parser.add_argument("--hyperparameters", choices=("own", "shipped"), default="own", help="whose to use")
    arguments = parser.parse_args()
    scores = score_models(
        measured_settings(arguments.folder, {network.name: network.group for network in catalogue()}),
        targets=arguments.settings,
        sample_counts=[int(count) for count in arguments.samples.split(",")],
        methods=[method for method in arguments.methods.split(",") if method],
        is_own=arguments.hyperparameters == "own",
        on_scored=lambda name: print(f"{name}: done", file=sys.stderr),
    )
    print(HEAD)
    print("| --- " * HEAD.count(" | ") + "| --- |")
    for score in scores:
        print(row(f"{score.method} | {score.sample_count} | {score.setting}", score.summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
