from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from predictor.accuracy.tasks import make_task, sources
from safetensors.numpy import load_file

from edgeprof_predictor import metrics
from edgeprof_predictor.accuracy.bundle import AccuracyCard, load_shipped, save_bundle
from edgeprof_predictor.accuracy.default import DefaultAccuracy
from edgeprof_predictor.accuracy.task import AccuracyTask, Trained
from edgeprof_predictor.errors import BundleError

OPTION_COUNTS = {"river": (4,) * 5, "hill": (4,) * 5}


@pytest.fixture(scope="module")
def whole() -> DefaultAccuracy:
    return DefaultAccuracy.fit_sources(sources(), seed=0)


@pytest.fixture
def folder(whole: DefaultAccuracy, tmp_path: Path) -> Path:
    condensed = whole.condensed(OPTION_COUNTS, seed=0)
    card = AccuracyCard(
        tasks=("river/birds",), proxies=condensed.proxies, provenance="made up", licence="none",
        architecture_count=90, seed=0,
    )  # fmt: skip
    save_bundle(condensed, card, tmp_path)
    return tmp_path


def ranked(method: DefaultAccuracy, task: AccuracyTask, count: int) -> float:
    predictor = method.predictor_for(task.candidates)
    chosen = predictor.choose(count, trained=Trained.none(), seed=0)
    prediction = predictor.predict(Trained(indices=chosen, accuracy=task.accuracy[chosen]), seed=0)
    rest = np.setdiff1d(np.arange(task.candidates.count), chosen)
    return metrics.spearman(task.accuracy[rest], prediction.accuracy[rest])


@pytest.mark.parametrize("name", ["river/planes", "sea/birds"])
@pytest.mark.parametrize("count", [0, 10])
def test_a_bundle_predicts_nearly_as_well_as_the_sources_themselves(
    whole: DefaultAccuracy, folder: Path, name: str, count: int
) -> None:
    task = make_task(name, seed=21)
    assert ranked(load_shipped(folder), task, count) > ranked(whole, task, count) - 0.05


def test_a_bundle_holds_no_row_of_a_source(folder: Path) -> None:
    tensors = load_file(folder / "default.safetensors")
    known = {row.tobytes() for source in sources() for row in source.candidates.scores.astype(np.float32)}
    values = {float(value) for source in sources() for value in source.accuracy}
    for array in tensors.values():
        assert not any(row.tobytes() in known for row in np.atleast_2d(array))
        assert not values & {float(value) for value in array.ravel()}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "default.json").unlink(), "there is no accuracy bundle"),
        (lambda folder: (folder / "default.safetensors").unlink(), "is missing"),
        (lambda folder: (folder / "default.safetensors").write_bytes(b"x"), "its checksum is not"),
        (lambda folder: (folder / "default.json").write_text("{"), "is damaged"),
        (lambda folder: change(folder / "default.json", schema_version=99), "of version 99"),
    ],
)
def test_a_damaged_bundle_is_refused_in_one_sentence(folder: Path, damage, said: str) -> None:  # type: ignore[no-untyped-def]
    damage(folder)
    with pytest.raises(BundleError, match=said):
        load_shipped(folder)


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_shipped_bundle_reads_a_space_that_it_knows_and_one_that_it_does_not() -> None:
    method = load_shipped()
    generator = np.random.default_rng(0)
    for name in ("nasbench201/mine", "sea/birds"):
        task = make_task(name, seed=1)
        # Real proxies agree with each other, and mostly with what they stand for.
        merit = generator.normal(size=task.candidates.count)
        scores = merit[:, None] + generator.normal(size=(task.candidates.count, len(method.proxies)))
        choices = generator.integers(0, 5, (task.candidates.count, 6)).astype(np.int8)
        candidates = type(task.candidates)(space=task.space, choices=choices, proxies=method.proxies, scores=scores)
        assert ranked(method, AccuracyTask(name=name, candidates=candidates, accuracy=merit), 0) > 0.3
