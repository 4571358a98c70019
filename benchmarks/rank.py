"""What `edgeprof rank` saves: the time to find the fastest of some models against measuring all as well.

    python benchmarks/rank.py [--models 20] [--profile] [--runtime onnxruntime] [--seed 0]

Random networks of several search spaces, and a few that differ from a cheap one in one decision alone, are ranked on
an agent of this machine. Then all of them are measured twice more: in as many rounds as the one that the race measured
most often, so that the fastest of all is as certain; and once by the plan by which models are measured to be learned
from. With --profile the device is onboarded first by the probe suite, about a minute, and its profile predicts the
models. Files are uploaded before, since every way needs them.

Prints the time of runs, warm-up included, and the wall time of each way with the race's share of it, and how much
slower the model that the race found is in all measurements of the other ways than the fastest there.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# As the command line does, before NumPy is imported: small matrices on a machine that measures beside them.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

import edgeprof
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.local_agent import local_agent
from edgeprof.exporters.onnx import export_architecture
from edgeprof.measuring.time_ledger import TimeLedger
from edgeprof.operator_models.listener import ModelOnboardingListener
from edgeprof.operator_models.named_models import ModelToMeasure, models_to_measure
from edgeprof.operator_models.procedure import MODEL_PLAN, model_session
from edgeprof.operator_models.race import RankedModel, of_measurements, plan_of_round
from edgeprof.operator_models.ranking import Ranking, rank_models
from edgeprof.store import Store
from edgeprof.store.platform import resolve_platform
from edgeprof_predictor.methods.baselines.flops import Flops
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, get_space
from edgeprof_proto.records.job_spec import MeasurementPlan, Setting
from edgeprof_proto.records.measurement import Measurement

SPACES: Final = ("nasbench201", "fbnet", "nasbench101", "transnasbench101_macro")

NEAR_SPACE: Final = "nasbench201"
NEAR_SHARE: Final = 0.25
"""Share of the models that differ from a cheap one in one decision."""

DRAWN_COUNT: Final = 50
"""Networks of which the cheapest is the one that others are near."""


@dataclass(slots=True)
class RunTime(ModelOnboardingListener):
    """Counts the time of all runs, in milliseconds."""

    total_ms: float = 0.0
    measurement_count: int = 0

    def on_model_measured(self, model: ModelToMeasure, measurement: Measurement) -> None:
        """Count one measurement."""
        self.measurement_count += 1
        self.total_ms += sum(sum(block.latency_ms) for block in measurement.blocks)

    def way(self, name: str, wall_s: float) -> Way:
        """Return what was counted, with the wall time."""
        return Way(name, self.total_ms / 1_000, wall_s, self.measurement_count)


def write_models(folder: Path, count: int, seed: int) -> None:
    """Write the models as ONNX files.

    Args:
        folder: Where they go.
        count: How many.
        seed: Draws them.
    """
    near_count = round(NEAR_SHARE * count)
    space = get_space(NEAR_SPACE)
    drawn = [(space, row, "near") for row in near_networks(space, near_count, seed)]
    per_space = -(-(count - near_count) // len(SPACES))
    others = [draw_networks(get_space(name), per_space, seed) for name in SPACES]
    for name, rows in zip(SPACES, others, strict=True):
        drawn += [(get_space(name), row, name) for row in rows]
    for number, (owner, row, name) in enumerate(drawn[:count]):
        (architecture,) = owner.architectures(row[None])
        exported = export_architecture(owner, architecture, folder.parent / "exported")
        shutil.copy(exported, folder / f"{name}-{number}.onnx")


def draw_networks(space: CategoricalSpace, count: int, seed: int) -> ChoiceArray:
    """Return random networks whose output depends on their input: `count x decisions`."""
    choices = space.sample_choices(4 * count + DRAWN_COUNT, seed=seed)
    return choices[space.is_connected(choices)][:count]


def near_networks(space: CategoricalSpace, count: int, seed: int) -> ChoiceArray:
    """Return a cheap network, and those that differ from it in one decision and least in FLOPs: `count x decisions`."""
    flops = Flops(FeatureMap(space), ())
    drawn = draw_networks(space, DRAWN_COUNT, seed + 1)
    cheapest = drawn[np.argmin(flops.flops(drawn))]
    near = np.stack(list(_with_one_change(space, cheapest)))
    # Of those that compute the same after dead parts are pruned, one.
    _, first = np.unique(space.pruned(near).reshape(len(near), -1), axis=0, return_index=True)
    near = near[first]
    differences = np.abs(flops.flops(near) - flops.flops(cheapest[None]))
    return np.concatenate([cheapest[None], near[np.argsort(differences, kind="stable")]])[:count]


def _with_one_change(space: CategoricalSpace, row: ChoiceArray) -> Iterator[ChoiceArray]:
    for decision, option_count in enumerate(space.choice_counts):
        for option in range(option_count):
            changed = row.copy()
            changed[decision] = option
            is_other = (space.pruned(changed[None]) != space.pruned(row[None])).any()
            if is_other and space.is_connected(changed[None])[0]:
                yield changed


@dataclass(frozen=True, slots=True)
class Way:
    """One way to find the fastest model: the time of its runs, its wall time, its measurements."""

    name: str
    run_s: float
    wall_s: float
    measurement_count: int


def measure_all(
    client: DeviceClient,
    models: Sequence[Path],
    setting: Setting,
    store: Store,
    plans: Sequence[MeasurementPlan],
    name: str,
) -> tuple[Way, dict[str, list[Measurement]]]:
    """Measure every model by each plan in turn."""
    planned, listener, begin_s = models_to_measure(models), RunTime(), time.monotonic()
    platform = resolve_platform(client.device(), setting)
    with model_session(client, platform, planned, 0, store, listener, TimeLedger(), purpose=name) as session:
        for plan in plans:
            session.measure_round(planned, plan)
        found = session.measurements(planned)
        session.end()
    return listener.way(name, time.monotonic() - begin_s), found


def print_comparison(race: Ranking, raced: Way, others: Sequence[Way], full: Sequence[RankedModel]) -> None:
    """Print the ways beside each other, and whether they agree."""
    print(f"{'':<24} {'runs':>9} {'wall':>9} measurements  race's share of runs, of wall time")
    for way in (raced, *others):
        shares = f"{raced.run_s / way.run_s:8.2f} {raced.wall_s / way.wall_s:8.2f}"
        print(f"{way.name:<24} {way.run_s:7.2f} s {way.wall_s:7.2f} s {way.measurement_count:12} {shares}")
    print(f"{race.measured_count} of {len(race.models)} models were measured, certainty {race.certainty:.3f}")
    first, second = full[0], full[1]
    found = next(model for model in full if model.name == race.models[0].name)
    assert found.latency_ms is not None and first.latency_ms is not None
    print(
        f"the race found {found.name}; in the full measurement the fastest is {first.name} "
        f"({first.latency_ms:.4g} ms, 90 % interval {first.lower_ms:.4g} to {first.upper_ms:.4g}), "
        f"the next {second.name} ({second.latency_ms:.4g} ms)"
    )
    is_right = found.lower_ms <= first.upper_ms
    slower = found.latency_ms / first.latency_ms - 1
    print(f"the one found is {slower:.1%} slower there: {'within' if is_right else 'NOT within'} its error")


def compare(client: DeviceClient, models: Sequence[Path], setting: Setting, store: Store) -> None:
    """Find the fastest model in each way, and print what each took."""
    listener, begin_s = RunTime(), time.monotonic()
    race = rank_models(client, models, setting=setting, store=store, listener=listener)
    raced = listener.way("race", time.monotonic() - begin_s)
    rounds = [plan_of_round(number) for number in range(max(model.measurement_count for model in race.models))]
    in_rounds, first = measure_all(client, models, setting, store, rounds, "all, in as many rounds")
    at_once, second = measure_all(client, models, setting, store, [MODEL_PLAN], "all, once for longer")
    full = [of_measurements(name, [*first[name], *second[name]]) for name in first.keys() & second.keys()]
    print_comparison(race, raced, (in_rounds, at_once), sorted(full, key=lambda model: model.latency_ms or math.inf))


def main() -> int:
    """Rank the models both ways."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=20, help="number of models")
    parser.add_argument("--profile", action="store_true", help="onboard the device first, and predict by its profile")
    parser.add_argument("--runtime", default="onnxruntime")
    parser.add_argument("--seed", type=int, default=0, help="draws the models")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="edgeprof-rank-") as folder_name:
        folder = Path(folder_name)
        # Nothing is known of the models from earlier runs.
        os.environ["EDGEPROF_CACHE"] = str(folder / "cache")
        (folder / "models").mkdir()
        write_models(folder / "models", arguments.models, arguments.seed)
        models = sorted((folder / "models").iterdir())
        setting = Setting(runtime=arguments.runtime)
        with (
            local_agent(folder / "agent") as address,
            edgeprof.connect(address) as client,
            Store(folder / "store.sqlite3") as store,
        ):
            if arguments.profile:
                begin_s = time.monotonic()
                output = folder / "device.edgeprof"
                edgeprof.onboard_models(client, setting=setting, output=output, store=store)
                print(f"onboarded by the probe suite in {time.monotonic() - begin_s:.0f} s", file=sys.stderr)
            for model in models:
                client.upload_model(model, runtime=setting.runtime)
            compare(client, models, setting, store)
    return 0


if __name__ == "__main__":
    sys.exit(main())
