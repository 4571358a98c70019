"""Latency of models of unseen families: the operator model, and simpler predictors beside it, on measured settings.

python benchmarks/models.py FOLDER [SETTING ...] [--samples 0,5,10] [--methods NAME,...] [--hyperparameters own|shipped]

FOLDER holds measured networks, a folder for each setting (`docs/any_model.md` says how they are measured). Families are
split in two halves; k models of one are measured, all of the other predicted, and the reverse; random draws and the
designed choice. Hyper-parameters are fitted on the settings of the other engines in the folder, never on the target's
(`--hyperparameters shipped` takes those of the release, which may have seen it).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.evaluation.kernel_forests import KernelForests, has_forests
from edgeprof_predictor.operators.evaluation.peers import Arithmetic, Roofline
from edgeprof_predictor.operators.evaluation.protocol import SAMPLE_COUNTS, Contender, Outcome, run_protocol
from edgeprof_predictor.operators.evaluation.summary import Summary, summarise
from edgeprof_predictor.operators.hyperparameters import Hyperparameters, shipped_hyperparameters
from edgeprof_predictor.operators.measurements import MeasuredSetting, read_setting
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.totals import TotalsModel
from edgeprof_predictor.operators.training import hyperparameters_of


def engine_of(setting: str) -> str:
    """Return the engine that a setting's name begins with: "ort" of "ort-int8"."""
    return setting.partition("-")[0]


def contenders(hyper: Hyperparameters) -> list[Contender]:
    """Return the operator model in its forms, and its peers."""

    def operators(networks: Sequence[MeasuredNetwork]) -> OperatorModel:
        return OperatorModel.fit(networks, hyper)

    def totals(networks: Sequence[MeasuredNetwork]) -> TotalsModel:
        return TotalsModel.fit(networks, hyper)

    def blend(networks: Sequence[MeasuredNetwork]) -> BlendedModel:
        return BlendedModel.fit(networks, hyper)

    listed = [
        Contender(name="blend", fit=blend),
        Contender(name="operators", fit=operators),
        Contender(name="operators without probes", fit=operators, uses_probes=False, min_samples=5),
        Contender(name="totals", fit=totals),
        Contender(name="totals without probes", fit=totals, uses_probes=False, min_samples=5),
        Contender(name="class roofline", fit=Roofline.fit_classes, uses_probes=False, min_samples=5),
        Contender(name="roofline", fit=Roofline.fit_whole, uses_probes=False, min_samples=5),
        Contender(name="log FLOPs", fit=Arithmetic.fit, uses_probes=False, min_samples=5),
    ]
    if has_forests():
        listed.append(Contender(name="forests of kernels", fit=KernelForests.fit))
    return listed


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
    parser.add_argument("folder", type=Path, help="measured networks, a folder for each setting")
    parser.add_argument("settings", nargs="*", help="settings to predict; all by default")
    parser.add_argument("--samples", default=",".join(map(str, SAMPLE_COUNTS)), help="measured models")
    parser.add_argument("--methods", default="", help="methods to compare; all by default")
    parser.add_argument("--hyperparameters", choices=("own", "shipped"), default="own", help="whose to use")
    arguments = parser.parse_args()
    names = sorted(path.name for path in arguments.folder.iterdir() if path.is_dir())
    settings = {name: read_setting(arguments.folder, name) for name in names}
    counts = [int(count) for count in arguments.samples.split(",")]
    wanted = [method for method in arguments.methods.split(",") if method]
    outcomes: list[Outcome] = []
    fitted: dict[str, Hyperparameters] = {}
    for name in arguments.settings or names:
        engine = engine_of(name)
        if engine not in fitted:
            fitted[engine] = _hyperparameters(engine, settings, arguments.hyperparameters)
        chosen = [one for one in contenders(fitted[engine]) if not wanted or one.name in wanted]
        outcomes.extend(run_protocol(settings[name], chosen, counts))
        print(f"{name}: done", file=sys.stderr)
    _print_table(outcomes, settings)
    return 0


def _hyperparameters(engine: str, settings: dict[str, MeasuredSetting], whose: str) -> Hyperparameters:
    others = [setting.networks for name, setting in settings.items() if engine_of(name) != engine]
    if whose == "shipped" or not others:
        return shipped_hyperparameters()
    return hyperparameters_of(others)


def _print_table(outcomes: Sequence[Outcome], settings: dict[str, MeasuredSetting]) -> None:
    latencies = {
        (name, model): network.latency_us
        for name, setting in settings.items()
        for model, network in setting.models.items()
    }
    print(HEAD)
    print("| --- " * HEAD.count(" | ") + "| --- |")
    for method in dict.fromkeys(one.method for one in outcomes):
        for count in sorted({one.sample_count for one in outcomes if one.method == method}):
            of_method = [one for one in outcomes if one.method == method and one.sample_count == count]
            scored = list(dict.fromkeys(one.setting for one in of_method))
            for setting in scored:
                summary = summarise([one for one in of_method if one.setting == setting], latencies)
                print(row(f"{method} | {count} | {setting}", summary))
            if len(scored) > 1:
                print(row(f"{method} | {count} | all", summarise(of_method, latencies)))


if __name__ == "__main__":
    sys.exit(main())
