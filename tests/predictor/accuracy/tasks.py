"""Made-up tasks: accuracies that follow from proxies and decisions, as those of real tasks do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.accuracy.task import AccuracyTask, Candidates

PROXIES = ("params", "jacov", "fisher")


def make_task(
    name: str, *, weights: tuple[float, ...] = (1.0, 0.6, -0.3), count: int = 90, seed: int = 0, noise: float = 0.2
) -> AccuracyTask:
    """Return a task whose accuracy is a bent sum of proxies, of which the first counts a decision's options."""
    generator = np.random.default_rng(seed)
    choices = generator.integers(0, 4, (count, 5)).astype(np.int8)
    scores = generator.normal(size=(count, len(PROXIES)))
    scores[:, 0] = (choices == 2).sum(axis=1) + 0.3 * scores[:, 0]
    merit = (scores - scores.mean(axis=0)) / scores.std(axis=0) @ np.array(weights)
    merit += noise * generator.normal(size=count)
    return AccuracyTask(
        name=name,
        candidates=Candidates(space=name.partition("/")[0], choices=choices, proxies=PROXIES, scores=scores),
        accuracy=90.0 - 10.0 * np.exp(-merit),
    )


def sources() -> list[AccuracyTask]:
    """Return tasks of two spaces that agree on what makes a network accurate."""
    names = ("river/birds", "river/cars", "hill/birds")
    weights = ((1.0, 0.6, -0.3), (0.9, 0.7, -0.2), (1.1, 0.5, -0.4))
    return [make_task(name, weights=w, seed=seed) for seed, (name, w) in enumerate(zip(names, weights, strict=True), 1)]


def arrays_of(task: AccuracyTask) -> dict[str, NDArray[np.generic]]:
    """Return a task as an archive holds it."""
    return {
        f"{task.name}/arch": np.array([str(tuple(row)) for row in task.candidates.choices.tolist()]),
        f"{task.name}/val_accuracy": task.accuracy,
        f"{task.name}/proxy": np.array(task.candidates.proxies),
        f"{task.name}/score": task.candidates.scores,
    }


def write_tables(path: Path, *tasks: AccuracyTask, **replaced: NDArray[np.generic] | None) -> Path:
    """Write tasks as a published archive; `replaced` are arrays of the last one, None for those to leave out."""
    arrays = {name: array for task in tasks for name, array in arrays_of(task).items()}
    for part, array in replaced.items():
        del arrays[f"{tasks[-1].name}/{part}"]
        if array is not None:
            arrays[f"{tasks[-1].name}/{part}"] = array
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path
