from __future__ import annotations

import warnings

import numpy as np
import pytest
from predictor.search.world import adapted

from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.search.latency import PlatformPosterior
from edgeprof_predictor.spaces import SearchSpace
from edgeprof_predictor.tables.latency_table import LatencyTable

with warnings.catch_warnings():
    # Said while it is imported, of a part that nobody here uses.
    warnings.simplefilter("ignore", DeprecationWarning)
    import optuna
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.operators.repair.rounding import RoundingRepair
    from pymoo.operators.sampling.rnd import IntegerRandomSampling
    from pymoo.optimize import minimize

from edgeprof_predictor.search.optuna_objective import OptunaObjective
from edgeprof_predictor.search.pymoo_problem import ArchitectureProblem

optuna.logging.set_verbosity(optuna.logging.WARNING)


@pytest.fixture
def posterior(method: DefaultMethod, world: LatencyTable) -> PlatformPosterior:
    return PlatformPosterior(adapted(method, world))


def limit_of(posterior: PlatformPosterior, world: LatencyTable) -> float:
    """A limit that half of the networks keep."""
    return float(np.median(posterior.predict(world.choices).upper_ms))


def size_of(space: SearchSpace, text: str) -> float:
    """Stands for an accuracy: the logarithm of the arithmetic."""
    costs = space.costs(space.choices([space.parse(text)]))
    assert costs is not None
    return float(np.log1p(costs.totals[0, 0]))


@pytest.mark.parametrize("sampler_name", ["TPESampler", "NSGAIISampler"])
def test_optuna_finds_networks_that_keep_the_limit(
    sampler_name: str, posterior: PlatformPosterior, space: SearchSpace, world: LatencyTable
) -> None:
    limit_ms = limit_of(posterior, world)
    objective = OptunaObjective(space, lambda text: size_of(space, text), posterior, limit_ms=limit_ms)
    sampler = getattr(optuna.samplers, sampler_name)(seed=0)
    study = optuna.create_study(directions=objective.directions, sampler=sampler)
    study.optimize(objective, n_trials=40)
    assert study.best_trials
    assert any(objective.constraints(trial)[0] > 0.0 for trial in study.trials)
    for trial in study.best_trials:
        assert trial.user_attrs["upper_ms"] <= limit_ms
        assert trial.values[0] == size_of(space, trial.user_attrs["architecture"])


def test_pymoo_finds_a_front_that_keeps_the_limit(
    posterior: PlatformPosterior, space: SearchSpace, world: LatencyTable
) -> None:
    limit_ms = limit_of(posterior, world)
    problem = ArchitectureProblem(space, lambda text: size_of(space, text), posterior, limit_ms=limit_ms)
    algorithm = NSGA2(
        pop_size=20,
        sampling=IntegerRandomSampling(),
        crossover=SBX(vtype=float, repair=RoundingRepair()),
        mutation=PM(vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    found = minimize(problem, algorithm, ("n_gen", 4), seed=0)
    choices = space.check_choices(np.round(found.X).astype(int))
    assert np.all(posterior.predict(choices).upper_ms <= limit_ms)
    assert np.all(found.G <= 0.0)
    assert np.all(np.diff(found.F[np.argsort(found.F[:, 1]), 0]) <= 0.0)
