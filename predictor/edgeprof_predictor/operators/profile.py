"""What onboarding of models leaves: what predicts any model on one platform, wherever it is carried."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edgeprof_predictor._profile_file import MODELS, Part, readable, write_part
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.graph import Graph
from edgeprof_predictor.operators.live_memory import live_memory_of
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.peak_memory import PeakMemoryModel
from edgeprof_predictor.operators.prediction import NetworkPrediction, predict_graph
from edgeprof_predictor.operators.stored import from_parts, to_parts
from edgeprof_predictor.operators.stored_posterior import AnyModel
from edgeprof_predictor.operators.totals import TotalsModel

if TYPE_CHECKING:
    from edgeprof_predictor.operators.second_opinion import HostLatencies, SecondOpinion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatorProfile:
    """Predictions of any model for one platform.

    Args:
        model: What was learned from measured operators, or from whole networks where the engine gives no profile.
        platform: Identity of the platform, as the host describes it.
        provenance: How the profile came about, as the host describes it.
        memory: What was learned of peak memory; None where that of no network was reported.
        host: How long the host that onboarded the platform runs the same models; None where it did not measure them.
    """

    model: AnyModel
    platform: Mapping[str, str]
    provenance: Mapping[str, str]
    memory: PeakMemoryModel | None = None
    host: HostLatencies | None = None

    @classmethod
    def fit(
        cls, networks: Sequence[MeasuredNetwork], *, platform: Mapping[str, str], provenance: Mapping[str, str]
    ) -> OperatorProfile:
        """Learn from measured networks: from operators and latencies where any operator was timed, else from latencies.

        Raises:
            OperatorModelError: If no network was measured.
        """
        is_timed = any(network.is_timed for network in networks)
        kind: type[BlendedModel] | type[TotalsModel] = BlendedModel if is_timed else TotalsModel
        model = kind.fit(networks)
        return cls(model=model, platform=platform, provenance=provenance, memory=_memory_model(model))

    @property
    def is_coarse(self) -> bool:
        """Whether the engine gives no profile, so that only latencies of whole networks were learned from."""
        return isinstance(self.model, TotalsModel)

    def predict(self, graph: Graph) -> NetworkPrediction:
        """Return latency and peak memory of a model from the graph that the engine runs for it.

        Raises:
            GraphError: If the graph's numbers are out of bounds.
            OperatorModelError: If it has no operator that takes time.
        """
        prediction = predict_graph(self.model, graph)
        if self.memory is None:
            return prediction
        return replace(prediction, memory=self.memory.predict(live_memory_of(graph)))

    def with_networks(self, networks: Sequence[MeasuredNetwork]) -> OperatorProfile:
        """Return the profile with further measured networks, which replace those of the same names."""
        names = {network.name for network in networks}
        kept = [network for network in self.model.networks if network.name not in names]
        fitted = OperatorProfile.fit([*kept, *networks], platform=self.platform, provenance=self.provenance)
        return replace(fitted, host=self.host)

    def second_opinion(self) -> SecondOpinion | None:
        """Return what the host's latency of a model says of its latency here; None where that is not known."""
        if self.host is None:
            return None
        from edgeprof_predictor.operators.second_opinion import SecondOpinion

        latencies_us = {network.name: network.latency_us for network in self.model.networks}
        return SecondOpinion.of_models(self.model.calibration, latencies_us, self.host.latencies_us)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile into its file, whole or not at all: it replaces its predecessor.

        Other profiles of the device that the file holds stay: of search spaces, of other settings.

        Raises:
            ProfileError: If the file is there and is damaged, no profile, or another device's.
            OSError: If it cannot be written.
        """
        tensors, learned = to_parts(self.model)
        part = Part(
            subject=MODELS,
            platform=self.platform,
            provenance=self.provenance,
            tensors=tensors,
            document={
                "operators": learned,
                "memory": None if self.memory is None else self.memory.to_json(),
                "host": None if self.host is None else self.host.to_json(),
            },
        )
        write_part(path, part)

    @classmethod
    def of_part(cls, part: Part, path: str | os.PathLike[str]) -> OperatorProfile:
        """Return the profile that a part of a file holds.

        Args:
            part: The part.
            path: The file, for messages.

        Raises:
            ProfileError: If it is damaged, or of another version.
        """
        with readable(path):
            model = from_parts(part.tensors, part.document["operators"])
            return cls(
                model=model,
                platform=part.platform,
                provenance=part.provenance,
                memory=_stored_memory_model(part.document, model),
                host=_stored_host(part.document),
            )


def _stored_memory_model(document: Mapping[str, Any], model: AnyModel) -> PeakMemoryModel | None:
    if "memory" not in document:
        return _memory_model(model)  # written before it was stored
    stored = document["memory"]
    return None if stored is None else PeakMemoryModel.from_json(stored)


def _stored_host(document: Mapping[str, Any]) -> HostLatencies | None:
    stored = document.get("host")
    if stored is None:
        return None
    from edgeprof_predictor.operators.second_opinion import HostLatencies

    return HostLatencies.from_json(stored)


def _memory_model(model: AnyModel) -> PeakMemoryModel | None:
    return PeakMemoryModel.fit([network.memory for network in model.networks if network.memory is not None])
