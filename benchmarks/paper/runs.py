"""Score a method on a split of platforms, seed by seed, and write each score to disk when it is finished."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, partial
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks import published_data
from benchmarks.code_version import PREDICTOR, commit, digest_of_modules
from benchmarks.published_data import DATA_FOLDER

from edgeprof_predictor.encodings import Encoding, LookupEncoding, latency_encoding, load_proxy_encoding, proxy_encoding
from edgeprof_predictor.evaluation import Protocol, evaluate, resolve_methods
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.baselines.help import META_LEARNING, Help
from edgeprof_predictor.methods.multi_predict.method import MultiPredict
from edgeprof_predictor.networks.hyperparameters import HARDWARE_TRANSFER, TransferHyperparameters
from edgeprof_predictor.spaces import CHOICE_TYPE, ChoiceArray, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.tables.published import load_latency_table

SHORT_EPOCHS: Final = {"nasbench201": 60, "fbnet": 10}
"""Passes over as many architectures as Table 15 has: fewer than its 250, at four times its learning rate."""

SHORT_META_LEARNING: Final = replace(META_LEARNING, episodes=1000, patience=200, meta_learning_rate=0.001)
"""Half of HELP's episodes at most, at ten times its rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Lengths of training, and the number of seeds.

    Args:
        seeds: Runs, each with its own draw of architectures, samples and weights.
        is_full: Whether networks are trained on the sources for the epochs of Table 15.
    """

    seeds: int
    is_full: bool

    def hyperparameters(self, run: Run) -> TransferHyperparameters:
        """Return Table 15, shortened unless full; few architectures get more epochs, so that steps are not few."""
        if self.is_full:
            return HARDWARE_TRANSFER
        usual = get_space(run.space).paper_source_count
        return replace(
            HARDWARE_TRANSFER,
            source_epochs=min(SHORT_EPOCHS[run.space] * usual // run.pretrain_samples, HARDWARE_TRANSFER.source_epochs),
            source_learning_rate=4 * HARDWARE_TRANSFER.source_learning_rate,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One method on one split of platforms.

    Args:
        space: Name of the search space.
        train: Source platforms.
        test: New platforms.
        method: A name that `edgeprof evaluate` knows, or `scratch-` and an encoding.
        counts: Samples of a new platform.
        pretrain_samples: Architectures known of every source.
        trim: Share of each platform's architectures left out at either end, as HELP's tables do.
        is_scored_only: Whether only architectures with published zero-cost proxies take part.
        most_seeds: Upper limit of the seeds, for runs that take long.
    """

    space: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    method: str
    counts: tuple[int, ...]
    pretrain_samples: int
    trim: float = 0.0
    is_scored_only: bool = False
    most_seeds: int = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One platform, of a run with one seed and one number of samples.

    Args:
        platform: The new one.
        sample_count: Samples of it.
        seed: Of all chance.
        spearman: Over every architecture that is no sample.
        median_ape: Median relative error in milliseconds; None where the method only ranks.
        interval_coverage: Share of latencies inside their 90 % interval; None where there is none.
        code: The commit that it was computed at, in words.
    """

    platform: str
    sample_count: int
    seed: int
    spearman: float
    median_ape: float | None = None
    interval_coverage: float | None = None
    code: str = ""


class ExperimentCache:
    """Scores of runs, computed once and kept in a folder.

    A file's name holds a digest of all that its scores depend on, the code of method, space, encodings and evaluation
    included: after a change of any of these the run is computed again, and those of other code are never shown.

    Args:
        folder: Holds one file for each run and seed.
        schedule: Lengths of training and number of seeds.
    """

    def __init__(self, folder: Path, schedule: Schedule) -> None:
        self.folder = folder
        self.schedule = schedule
        folder.mkdir(parents=True, exist_ok=True)

    def seeds(self, run: Run) -> range:
        """Return the seeds of a run."""
        return range(min(self.schedule.seeds, run.most_seeds))

    def finished(self, run: Run) -> list[Score]:
        """Return the scores of a run that are computed already."""
        return [score for seed in self.seeds(run) if self._path(run, seed).exists() for score in self.scores(run, seed)]

    def scores(self, run: Run, seed: int) -> list[Score]:
        """Return the scores of a run with a seed, computed now unless they were before."""
        path = self._path(run, seed)
        if not path.exists():
            space, table = get_space(run.space), latency_table(run.space, is_scored_only=run.is_scored_only)
            protocol = Protocol(
                train=run.train,
                test=run.test,
                sample_counts=run.counts,
                seeds=(seed,),
                pretrain_samples=run.pretrain_samples,
                methods=(_method(run, self.schedule),),
                trim=run.trim,
            )
            start_s = time.process_time()
            rows = [score.as_row() for score in evaluate(space, table, protocol)]
            kept = {"run": asdict(run), "seed": seed, "cpu_s": time.process_time() - start_s, "code": commit()}
            unfinished = path.with_suffix(".part")
            unfinished.write_text(json.dumps({**kept, "rows": rows}), encoding="utf-8")
            unfinished.replace(path)
        kept = json.loads(path.read_text(encoding="utf-8"))
        rows = [{**row, "code": kept["code"]} for row in kept["rows"]]
        return [Score(**{field.name: row.get(field.name) for field in fields(Score)}) for row in rows]

    def missing(self, runs: Iterable[Run]) -> list[tuple[Run, int]]:
        """Return the runs and seeds that are not computed yet, by seed, so that an early stop leaves some of every run.

        A run that several exhibits show is named once.
        """
        paths = {self._path(run, seed): (run, seed) for run in runs for seed in self.seeds(run)}
        left = [pair for path, pair in paths.items() if not path.exists()]
        return sorted(left, key=lambda pair: pair[1])

    def seconds(self, run: Run) -> float:
        """Return the processor seconds that one seed of such a run took, with any code; nan where none was computed."""
        found = [json.loads(path.read_text(encoding="utf-8")) for path in self.folder.glob(f"{_beginning(run)}_*.json")]
        times = [kept["cpu_s"] for kept in found if "cpu_s" in kept]
        return float(np.median(times)) if times else math.nan

    def _path(self, run: Run, seed: int) -> Path:
        learned = asdict(self.schedule.hyperparameters(run))
        inputs = {**asdict(run), "most_seeds": None, "learned": learned, "code": code_of(run)}
        digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
        return self.folder / f"{_beginning(run)}_{digest[:12]}_{seed}.json"


def _beginning(run: Run) -> str:
    return f"{run.space}_{run.method}"


def code_of(run: Run) -> str:
    """Return the digest of the code that the scores of a run depend on."""
    return _code_of(run.space, run.method, run.train)


@cache
def _code_of(space: str, method: str, train: tuple[str, ...]) -> str:
    (resolved,) = resolve_methods([method], get_space(space), partial(_encoding_part, space, train))
    classes = (*resolved.__mro__, *type(get_space(space)).__mro__)
    used = {kind.__module__ for kind in classes if kind.__module__.startswith(f"{PREDICTOR}.")}
    always = {f"{PREDICTOR}.{room}" for room in ("encodings", "evaluation", "tables.published")}
    return digest_of_modules(used | always, files=(Path(__file__), Path(published_data.__file__)))


@cache
def latency_table(space: str, *, is_scored_only: bool = False) -> LatencyTable:
    """Return the published latencies of a search space.

    Args:
        space: Its name.
        is_scored_only: Whether only architectures with published zero-cost proxies are wanted.
    """
    table = load_latency_table(DATA_FOLDER / f"latency_{space}.npz", get_space(space))
    if not is_scored_only:
        return table
    known = {row.tobytes() for row in proxies(space)[0]}
    return table.subset([index for index, row in enumerate(table.choices) if row.tobytes() in known])


@cache
def proxies(space: str) -> tuple[ChoiceArray, LookupEncoding]:
    """Return the architectures with published zero-cost proxies, and their encoding."""
    if space == "fbnet":
        choices = latency_table(space).choices
        return choices, load_proxy_encoding(DATA_FOLDER / "zcp_fbnet.npz", get_space(space))
    with np.load(DATA_FOLDER / "accuracy_and_zcp.npz", allow_pickle=False) as archive:
        texts, scores = archive["nasbench201/cifar10/arch"], archive["nasbench201/cifar10/score"]
    choices = np.array([_from_naslib(text) for text in texts.tolist()], dtype=CHOICE_TYPE)
    is_known = ~np.any(np.isnan(scores), axis=1)
    # A score of a network without a path may be infinite: it takes the place of the largest finite one.
    finite = np.where(np.isfinite(scores), scores, np.nan)
    scores = np.clip(scores, np.nanmin(finite, axis=0), np.nanmax(finite, axis=0))
    return choices[is_known], proxy_encoding(choices[is_known], scores[is_known])


def _method(run: Run, schedule: Schedule) -> type[Method]:
    """Return the method of a run with the hyper-parameters of the schedule."""
    (method,) = resolve_methods([run.method], get_space(run.space), partial(_encoding_part, run.space, run.train))
    if issubclass(method, MultiPredict):
        return type(method.__name__, (method,), {"hyperparameters": schedule.hyperparameters(run)})
    if issubclass(method, Help) and not schedule.is_full:
        return type(method.__name__, (method,), {"hyperparameters": SHORT_META_LEARNING})
    return method


def _encoding_part(space: str, train: tuple[str, ...], part: str) -> Encoding:
    """Return zero-cost proxies, or latencies on the source platforms."""
    return proxies(space)[1] if part == "zcp" else latency_encoding(latency_table(space), train)


NASLIB_OPERATIONS: Final = (1, 0, 3, 2, 4)
NASLIB_EDGES: Final = (0, 1, 3, 2, 4, 5)


def _from_naslib(text: str) -> list[int]:
    given = [int(number) for number in text.strip("()").split(",")]
    return [NASLIB_OPERATIONS[given[edge]] for edge in NASLIB_EDGES]
