"""What onboarding of models leaves: one file that predicts any model on one platform, wherever it is carried."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgeprof_predictor._output_files import write_output
from edgeprof_predictor._storage import digest_of, pack, unpack
from edgeprof_predictor.errors import OperatorModelError, ProfileError
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.graph import Graph
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.prediction import NetworkPrediction, predict_graph
from edgeprof_predictor.operators.stored import AnyModel, from_parts, to_parts
from edgeprof_predictor.operators.totals import TotalsModel

CONTENT: Final = "models"
"""What the file says that it predicts: profiles of search spaces say nothing."""


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
        """Return the latency of a model from the graph that the engine runs for it.

        Raises:
            GraphError: If the graph's numbers are out of bounds.
            OperatorModelError: If it has no operator that takes time.
        """
        return predict_graph(self.model, graph)

    def with_networks(self, networks: Sequence[MeasuredNetwork]) -> OperatorProfile:
        """Return the profile with further measured networks, which replace those of the same names."""
        names = {network.name for network in networks}
        kept = [network for network in self.model.networks if network.name not in names]
        return OperatorProfile.fit([*kept, *networks], platform=self.platform, provenance=self.provenance)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile as one file, whole or not at all.

        Raises:
            OSError: If it cannot be written.
        """
        tensors, learned = to_parts(self.model)
        document = {
            "content": CONTENT,
            "operators": learned,
            "platform": dict(self.platform),
            "provenance": dict(self.provenance),
        }
        write_output(path, pack(tensors, document | {"sha256": digest_of(tensors, document)}))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> OperatorProfile:
        """Read a profile.

        Raises:
            ProfileError: If the file is missing, damaged, of another version, or predicts search spaces.
        """
        try:
            tensors, document = unpack(Path(path))
            if document.get("content") != CONTENT:
                raise ProfileError(
                    f"{path} is no profile of models: a profile of a search space predicts its architectures alone; "
                    "make one for models with `edgeprof onboard --models`"
                )
            described = {key: value for key, value in document.items() if key != "sha256"}
            if digest_of(tensors, described) != document["sha256"]:
                raise ProfileError(f"{path} is damaged: its contents do not match their checksum; onboard again")
            return cls(
                model=from_parts(tensors, document["operators"]),
                platform=document["platform"],
                provenance=document["provenance"],
            )
        except FileNotFoundError:
            raise ProfileError(f"there is no profile {path}; make one with `edgeprof onboard --models`") from None
        except OperatorModelError as error:
            raise ProfileError(f"{path} cannot be used: {error}") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise ProfileError(f"{path} is no profile or is damaged ({reason}); onboard again") from error


def predicts_models(path: str | os.PathLike[str]) -> bool:
    """Tell whether a profile's file predicts models rather than the architectures of a search space.

    One that is damaged does neither: what reads it as a profile says so.

    Raises:
        ProfileError: If there is no such file.
    """
    try:
        return unpack(Path(path))[1].get("content") == CONTENT
    except FileNotFoundError:
        raise ProfileError(f"there is no profile {path}; onboard the device to make one") from None
    except (OSError, ValueError):
        return False
