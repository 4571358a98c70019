"""For Optuna: accuracy and latency of a trial, with the latency limit as a constraint, for any sampler.

objective = OptunaObjective(space, train, latency, limit_ms=5.0)
study = optuna.create_study(directions=objective.directions, sampler=optuna.samplers.NSGAIISampler())
study.optimize(objective, n_trials=100)

Before Optuna 5, constraints are an argument of the sampler: `NSGAIISampler(constraints_func=objective.constraints)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import optuna

from edgeprof_predictor.search.latency import LatencyPosterior
from edgeprof_predictor.search.procedure import TrainFunction
from edgeprof_predictor.spaces import Architecture, CategoricalSpace


class OptunaObjective:
    """What a trial is worth: accuracy, and latency in milliseconds.

    The trial keeps in its user attributes the text of the `architecture`, the upper end of its latency as `upper_ms`
    and, by how much that exceeds the limit, `constraints`.

    Args:
        space: The search space; each decision is a categorical parameter.
        train: Trains every architecture that is asked for, those over the limit too: samplers learn from them.
        latency: Posterior of latencies.
        limit_ms: The latency limit, which the upper end of the interval has to keep.
    """

    directions: ClassVar[tuple[str, str]] = ("maximize", "minimize")

    def __init__(
        self, space: CategoricalSpace, train: TrainFunction, latency: LatencyPosterior, *, limit_ms: float
    ) -> None:
        self._space: Final = space
        self._train_function = train
        self._latency = latency
        self._limit_ms = limit_ms

    def __call__(self, trial: optuna.Trial) -> tuple[float, float]:
        """Return accuracy and latency of the architecture that the sampler suggests.

        Raises:
            TrialPruned: If its choices do not go together.
        """
        choices = tuple(
            int(trial.suggest_categorical(f"decision_{number}", list(range(count))))
            for number, count in enumerate(self._space.choice_counts)
        )
        if not self._space.is_valid([choices])[0]:
            # Over the limit by more than any network: samplers that learn from pruned trials keep away.
            _constrain(trial, self._limit_ms)
            raise optuna.TrialPruned("these choices make no architecture")
        architecture = Architecture(space=self._space.name, choices=choices)
        prediction = self._latency.predict(self._space.choices([architecture]))
        text, upper_ms = self._space.format(architecture), float(prediction.upper_ms[0])
        trial.set_user_attr("architecture", text)
        trial.set_user_attr("upper_ms", upper_ms)
        _constrain(trial, upper_ms - self._limit_ms)
        return self._train_function(text), float(prediction.latency_ms[0])

    @staticmethod
    def constraints(trial: optuna.trial.FrozenTrial) -> Sequence[float]:
        """Return by how many milliseconds a trial breaks the limit; 0 or less where it keeps it."""
        found: Sequence[float] = trial.user_attrs["constraints"]
        return found


def _constrain(trial: optuna.Trial, excess_ms: float) -> None:
    """Note by how much a trial breaks the limit, as either generation of Optuna wants it."""
    trial.set_user_attr("constraints", [excess_ms])
    if hasattr(trial, "set_constraint"):
        trial.set_constraint("latency", excess_ms)
