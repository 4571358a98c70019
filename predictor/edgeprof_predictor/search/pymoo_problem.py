"""For pymoo: accuracy against latency over integer decisions, with the latency limit as a constraint.

problem = ArchitectureProblem(space, train, latency, limit_ms=5.0)
minimize(problem, NSGA2(sampling=IntegerRandomSampling(), crossover=SBX(vtype=float, repair=RoundingRepair()), ...))
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pymoo.core.problem import Problem

from edgeprof_predictor.search.latency import LatencyPosterior
from edgeprof_predictor.search.procedure import TrainFunction
from edgeprof_predictor.spaces import CategoricalSpace


class ArchitectureProblem(Problem):  # type: ignore[misc]  # pymoo has no types
    """Two objectives, both smaller is better: minus accuracy, and latency in milliseconds.

    Two constraints, kept where 0 or less: by how much the upper end of the latency exceeds the limit, and whether
    choices go together. What breaks the second is not trained, and what it is worth does not matter.

    Args:
        space: The search space; each decision is an integer variable.
        train: Trains every architecture that is asked for.
        latency: Posterior of latencies.
        limit_ms: The latency limit, which the upper end of the interval has to keep.
    """

    def __init__(
        self, space: CategoricalSpace, train: TrainFunction, latency: LatencyPosterior, *, limit_ms: float
    ) -> None:
        counts = np.array(space.choice_counts)
        super().__init__(n_var=len(counts), n_obj=2, n_ieq_constr=2, xl=np.zeros(len(counts)), xu=counts - 1, vtype=int)
        self.space: Final = space
        self._train_function = train
        self._latency = latency
        self._limit_ms = limit_ms

    def _evaluate(self, x: NDArray[Any], out: dict[str, NDArray[np.float64]], *args: object, **kwargs: object) -> None:
        """Fill in objectives and constraints: `n x l` to `n x 2`, twice."""
        rows = self.space.check_choices(np.round(x).astype(np.int64))
        is_valid = self.space.is_valid(rows)
        objectives = np.zeros((len(rows), 2))
        constraints = np.zeros((len(rows), 2))
        constraints[~is_valid, 1] = 1.0
        if is_valid.any():
            prediction = self._latency.predict(rows[is_valid])
            texts = [self.space.format(item) for item in self.space.architectures(rows[is_valid])]
            objectives[is_valid, 0] = [-self._train_function(text) for text in texts]
            objectives[is_valid, 1] = prediction.latency_ms
            constraints[is_valid, 0] = prediction.upper_ms - self._limit_ms
        out["F"], out["G"] = objectives, constraints
