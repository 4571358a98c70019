"""Which of a user's models to measure, and when enough of them are: those first of which the profile knows least."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from edgeprof.errors import GraphNotToldError, RemoteError
from edgeprof.measuring.goal import Goal
from edgeprof.measuring.host_work import core_of_host
from edgeprof.operator_models.graph_sources import DeviceGraphs
from edgeprof.operator_models.graphs import graph_of
from edgeprof.operator_models.measured import measured_networks
from edgeprof.operator_models.named_models import ModelToMeasure
from edgeprof.operator_models.procedure import ModelSession
from edgeprof_predictor.errors import PredictorError
from edgeprof_predictor.operators.graph import Graph
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.prediction import NetworkPrediction
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_proto.record_json import to_json
from edgeprof_proto.records.measurement import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """Status of an onboarding of models after some of them.

    Args:
        model_count: Whole models that were measured.
        open_count: Models that were not tried.
        error: Median error of the models, each predicted from all others; None below three.
        elapsed_s: Seconds so far.
        seconds_per_model: Seconds that one more model takes; 0 before the first.
    """

    model_count: int
    open_count: int
    error: float | None
    elapsed_s: float
    seconds_per_model: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NextModel:
    """What one more model would bring.

    Args:
        name: The model of which the profile knows least.
        seconds: How long it would take.
        sd_ratio: Mean standard deviation of the predictions of all others that are left, relative to what it is now.
        error: Expected error then, where it is known now.
    """

    name: str
    seconds: float
    sd_ratio: float
    error: float | None


def reason_to_stop(goal: Goal, status: ModelStatus) -> str | None:
    """Return why an onboarding of models should end here; None where it should measure another model.

    Args:
        goal: Limits and target.
        status: What is reached.
    """
    if not status.open_count:
        return f"measured all {status.model_count} models"
    if status.model_count >= goal.sample_count:
        return f"measured {status.model_count} models, the most that were asked for"
    if goal.target_error is not None and status.error is not None and status.error <= goal.target_error:
        return (
            f"the median error of {status.model_count} models, each predicted from all others, is {status.error:.1%}, "
            f"within the target of {goal.target_error:.1%}"
        )
    if goal.budget_s is not None and status.elapsed_s + status.seconds_per_model > goal.budget_s:
        if not status.model_count:
            return f"the probes took {status.elapsed_s:.0f} s of the budget of {goal.budget_s:.0f} s"
        return f"another model of {status.seconds_per_model:.0f} s would exceed the budget of {goal.budget_s:.0f} s"
    return None


class GuidedModels:
    """Measures the probes, then one model after the other until a goal is reached.

    What is measured next follows from what the store holds, so that an interrupted onboarding ends as an undisturbed
    one. The decision to stop is in the store as well.

    Args:
        session: Measures on the device.
        goal: When to stop; None to measure all.
        fit: Learns from measured networks.
    """

    def __init__(
        self, session: ModelSession, goal: Goal | None, fit: Callable[[Sequence[MeasuredNetwork]], OperatorProfile]
    ) -> None:
        self._device_graphs = DeviceGraphs(session.client, session.setting)
        self._session = session
        self._goal = goal
        self._fit = fit
        self._graphs: dict[str, Graph | None] = {}
        decision = session.store.decision(session.record) or {}
        self._elapsed_before_s = float(decision.get("elapsed_s", 0.0))
        self._models_s = float(decision.get("models_s", 0.0))
        self.profile: OperatorProfile | None = None
        """What was learned from all that was measured; None where no graph was told."""
        self.stop_reason = ""
        """Why no further model was measured; empty without a goal."""
        self.next_model: NextModel | None = None
        """What one more model would bring; None where every model was measured, or nothing could be said."""

    def measure(self, planned: Sequence[ModelToMeasure]) -> dict[str, list[Measurement]]:
        """Measure until the goal is reached.

        Args:
            planned: The probe suite, and the models to choose from.

        Returns:
            All measurements of each model by its name.

        Raises:
            OnboardingError: If too many models in a row fail.
            EdgeprofError: If the device cannot measure until somebody mends the cause, or stays silent.
        """
        if self._goal is None:
            self._session.measure(planned)
            found = self._session.repeat(planned)
            probe_names = frozenset(model.name for model in planned if model.is_probe)
            self.profile = self._fitted(measured_networks(found, probe_names))
            return found
        probes = [model for model in planned if model.is_probe]
        models = [model for model in planned if not model.is_probe]
        self._session.measure(probes)
        found = self._session.repeat(probes)
        of_probes = measured_networks(found, frozenset(found))
        if self._decided() is None:
            self._write(None)
        tried = self._session.tried(models)
        found |= self._session.measure(tried)
        for model in models:
            if model not in tried:
                self._graph(model)
        while True:
            begin_s = time.monotonic()
            networks = [*of_probes, *_networks(tried, found)]
            profile = self._fitted(networks)
            waiting = [model for model in models if model not in tried]
            status = self._status(profile, len(tried), len(waiting))
            self._session.listener.on_models_fitted(status.model_count, status.error)
            reason = self._decided() or reason_to_stop(self._goal, status)
            if reason is not None:
                self.stop_reason = reason
                self._write(reason)
                found |= self._session.repeat(tried)
                networks = [*of_probes, *_networks(tried, found)]
                self.profile = profile = self._fitted(networks)
                if profile is not None:
                    self.next_model = self._gain(profile, networks, waiting, status)
                return found
            model = waiting[0] if profile is None else self._least_known(profile, waiting)
            tried = [*tried, model]
            found |= self._session.measure([model])
            self._models_s += time.monotonic() - begin_s
            self._write(None)

    def _fitted(self, networks: Sequence[MeasuredNetwork]) -> OperatorProfile | None:
        if not networks:
            return None
        with self._session.time_ledger.step("fitting the operator model"), core_of_host():
            return self._fit(networks)

    def _status(self, profile: OperatorProfile | None, tried_count: int, open_count: int) -> ModelStatus:
        measured = 0 if profile is None else sum(not one.is_probe for one in profile.model.networks)
        return ModelStatus(
            model_count=measured,
            open_count=open_count,
            error=None if profile is None else profile.model.calibration.median_error,
            elapsed_s=self._elapsed_s(),
            seconds_per_model=self._models_s / tried_count if tried_count else 0.0,
        )

    def _elapsed_s(self) -> float:
        return self._elapsed_before_s + self._session.time_ledger.elapsed_s()

    def _decided(self) -> str | None:
        """Return why an earlier process has decided to stop; a decision under another goal does not count."""
        decision = self._session.store.decision(self._session.record) or {}
        return decision.get("reason") if decision.get("goal") == to_json(self._goal) else None

    def _write(self, reason: str | None) -> None:
        numbers = {"elapsed_s": self._elapsed_s(), "models_s": self._models_s}
        self._session.store.record_decision(
            self._session.record, {**numbers, "goal": to_json(self._goal), "reason": reason}
        )

    def _least_known(self, profile: OperatorProfile, models: Sequence[ModelToMeasure]) -> ModelToMeasure:
        """Return the model whose predicted log latency has the largest standard deviation."""
        sds = self._sds(profile, models)
        return min(models, key=lambda model: (-sds[model.name], model.name))

    def _sds(self, profile: OperatorProfile, models: Sequence[ModelToMeasure]) -> dict[str, float]:
        predictions = {model.name: self._predicted(profile, model) for model in models}
        # What cannot be predicted is known least.
        return {name: math.inf if found is None else found.sd for name, found in predictions.items()}

    def _predicted(self, profile: OperatorProfile, model: ModelToMeasure) -> NetworkPrediction | None:
        graph = self._graph(model)
        if graph is None:
            return None
        with self._session.time_ledger.step("choosing models"):
            try:
                return profile.predict(graph)
            except PredictorError:
                return None

    def _graph(self, model: ModelToMeasure) -> Graph | None:
        """Return the graph that the device makes of a model; None where it makes none, which measuring it explains."""
        if model.name not in self._graphs:
            with self._session.time_ledger.step("graphs of models"):
                try:
                    told = self._device_graphs.graph(model.path).profile
                    graph = None if told.graph is None else graph_of(told.setting.runtime, told.graph)
                except (RemoteError, GraphNotToldError, PredictorError):
                    graph = None
            self._graphs[model.name] = graph
        return self._graphs[model.name]

    def _gain(
        self,
        profile: OperatorProfile,
        networks: Sequence[MeasuredNetwork],
        waiting: Sequence[ModelToMeasure],
        status: ModelStatus,
    ) -> NextModel | None:
        """Return what the model that is known least would bring, if it were measured as it is predicted.

        The variance of a Gaussian process depends on what is measured, not on what comes out.
        """
        if not waiting:
            return None
        model = self._least_known(profile, waiting)
        prediction = self._predicted(profile, model)
        if prediction is None:
            return None
        extended = self._fitted([*networks, _as_predicted(model.name, prediction)])
        assert extended is not None
        others = [other for other in waiting if other is not model]
        before, after = (self._sds(one, others) for one in (profile, extended))
        known = [name for name, sd in before.items() if math.isfinite(sd)]
        ratio = math.fsum(after[name] for name in known) / math.fsum(before[name] for name in known) if known else 1.0
        error = None if status.error is None else status.error * min(ratio, 1.0)
        return NextModel(name=model.name, seconds=status.seconds_per_model, sd_ratio=ratio, error=error)


def _networks(models: Sequence[ModelToMeasure], found: Mapping[str, Sequence[Measurement]]) -> list[MeasuredNetwork]:
    measured = {model.name: found[model.name] for model in models if model.name in found}
    return measured_networks(measured, frozenset())


def _as_predicted(name: str, prediction: NetworkPrediction) -> MeasuredNetwork:
    records = tuple(
        replace(one.record, time_us=one.time_us / one.record.count) for one in prediction.operators if one.time_us > 0
    )
    return MeasuredNetwork(name=name, records=records, latency_us=math.exp(prediction.log_us))
