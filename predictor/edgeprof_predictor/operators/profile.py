"""What onboarding of models leaves: what predicts any model on one platform, wherever it is carried."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatorProfile:
    """Predictions of any model for one platform.

    Args:
        model: What was learned from measured operators, or from whole networks where the engine gives no profile.
        platform: Identity of the platform, as the host describes it.
        provenance: How the profile came about, as the host describes it.
    """

    model: AnyModel
    platform: Mapping[str, str]
    provenance: Mapping[str, str]

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
        return cls(model=kind.fit(networks), platform=platform, provenance=provenance)

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
        memory = PeakMemoryModel.fit([item.memory for item in self.model.networks if item.memory is not None])
        return prediction if memory is None else replace(prediction, memory=memory.predict(live_memory_of(graph)))

    def with_networks(self, networks: Sequence[MeasuredNetwork]) -> OperatorProfile:
        """Return the profile with further measured networks, which replace those of the same names."""
        names = {network.name for network in networks}
        kept = [network for network in self.model.networks if network.name not in names]
        return OperatorProfile.fit([*kept, *networks], platform=self.platform, provenance=self.provenance)

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
            document={"operators": learned},
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
        return cls(model=model, platform=part.platform, provenance=part.provenance)
