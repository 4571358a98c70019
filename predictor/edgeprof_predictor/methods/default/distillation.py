"""The paper's network, fine-tuned for a platform on its samples and on the model's predictions elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.default.posterior import SHARE_FLOOR, Posterior
from edgeprof_predictor.networks.fine_tuning import AdaptedNetwork, fine_tune
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER, TransferHyperparameters
from edgeprof_predictor.networks.pretraining import PretrainedNetwork
from edgeprof_predictor.spaces import CategoricalSpace

DISTILLATION_COUNT: Final = 600
"""Unmeasured architectures whose predictions by the model the network is fine-tuned on."""

NETWORK_WEIGHT_MAX: Final = 0.2
"""Largest weight of the distilled network in a prediction: it shares the errors of the model and adds its own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DistilledNetwork:
    """The distilled network of a platform and its weight.

    Args:
        network: Fine-tuned on the samples and on the model's predictions elsewhere.
        weight: Its weight against the model in the predicted log latency, 0 to 1.
    """

    network: AdaptedNetwork
    weight: float

    @classmethod
    def train(
        cls,
        pretrained: PretrainedNetwork | None,
        nearest: str | None,
        posterior: Posterior,
        hyperparameters: TransferHyperparameters,
        *,
        seed: int,
    ) -> DistilledNetwork | None:
        """Fine-tune a network from the row of a source.

        Args:
            pretrained: Network and rows of the sources; None where there are none, and then there is no network.
            nearest: The source that correlates best; None where it is not known.
            posterior: The model of the platform.
            hyperparameters: Of the network.
            seed: Of the order of the samples.
        """
        if pretrained is None:
            return None
        samples, prior = posterior.samples, posterior.prior
        distilled = prior.feature_map.space_sample_choices[:DISTILLATION_COUNT]
        mean, sd = posterior.predict(prior.space_sample[: len(distilled)])
        network = fine_tune(
            pretrained,
            pretrained.embeddings.initial_row("max_correlation", nearest, seed=seed),
            prior.one_hot(np.concatenate([samples.choices, distilled])),
            np.log(np.concatenate([samples.latency_ms, mean])),
            np.concatenate([np.full(samples.count, (mean / sd).max() ** 2), (mean / sd) ** 2]),
            hyperparameters,
            seed=seed,
        )
        return cls(network=network, weight=_weight(network, posterior) if samples.count else 0.0)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save."""
        return {**self.network.tensors(), "network_weight": np.array(self.weight)}

    @classmethod
    def from_tensors(
        cls, space: CategoricalSpace, tensors: Mapping[str, NDArray[np.generic]]
    ) -> DistilledNetwork | None:
        """Return what `tensors` was saved from; None where no network was saved."""
        if "row" not in tensors:
            return None
        network = AdaptedNetwork.from_tensors(space, tensors, DEFAULT_TRANSFER)
        return cls(network=network, weight=tensors["network_weight"].item())


def _weight(network: AdaptedNetwork, posterior: Posterior) -> float:
    """Return the weight of the network by its precision on architectures that it was not trained on.

    The variance of the model is its own, noise left out; that of the network is the same plus its squared distance
    from the model.
    """
    prior, rest = posterior.prior, slice(DISTILLATION_COUNT, None)
    choices, basis = prior.feature_map.space_sample_choices[rest], prior.space_sample[rest]
    if not len(choices):
        return 0.0
    means, variances = posterior.predict_each(basis)
    mean, _ = posterior.predict(basis)
    missed = float(np.mean((network.log_latency(prior.one_hot(choices)) - np.log(mean)) ** 2))
    variance = float(np.median(variances.mean(axis=0) / np.maximum(means.mean(axis=0), SHARE_FLOOR) ** 2))
    return NETWORK_WEIGHT_MAX * variance / (variance + missed)
