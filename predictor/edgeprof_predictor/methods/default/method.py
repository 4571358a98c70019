"""The default method: fit the prior to the sources, choose samples, adapt; the package's docstring has the formulas.

The steps are those of the paper: samples are chosen, the new platform's embedding row starts from the source that
correlates best, network and row are fine-tuned. Added are the choice of samples by variance and a probabilistic model
that gives intervals and the targets on which the network is distilled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, partial
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.default.calibration import Calibration
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.hyperprior import COST_BASED_SHARE, MarginalLikelihoods
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.posterior import SHARE_FLOOR, Posterior
from edgeprof_predictor.methods.default.predictor import AdaptedPlatform, DefaultPredictor, DistilledNetwork
from edgeprof_predictor.methods.default.prior import Prior
from edgeprof_predictor.methods.default.source_checks import calibrate
from edgeprof_predictor.methods.onboarding_method import OnboardingMethod
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.networks.embedding_table import nearest_platform
from edgeprof_predictor.networks.fine_tuning import AdaptedNetwork, fine_tune
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER, TransferHyperparameters
from edgeprof_predictor.networks.pretraining import PretrainedNetwork, pretrain
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

DISTILLATION_COUNT: Final = 600
"""Unmeasured architectures whose predictions by the model the network is fine-tuned on."""

OPERATIONS_SEED: Final = 0
"""Of the amplitudes of the kernel that only devices have."""

NETWORK_WEIGHT_MAX: Final = 0.2
"""Largest weight of the distilled network in a prediction: it shares the errors of the model and adds its own."""


class DefaultMethod(OnboardingMethod, Method):
    """A probabilistic model and a network, fitted to the sources and adapted by few samples.

    Args:
        prior: Of the search space and its sources.
        hyper_samples: Drawn for that prior.
        pretrained: Network and rows of the sources; None where none was trained.
        calibration: Of the intervals.
        hyperparameters: Of the network.
    """

    name: ClassVar[str] = "default"
    sampler_name: ClassVar[str] = "informative"

    def __init__(
        self,
        prior: Prior,
        hyper_samples: HyperparameterSamples,
        pretrained: PretrainedNetwork | None,
        calibration: Calibration,
        hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER,
    ) -> None:
        self.space = prior.feature_map.space
        self.platforms = prior.sources.platforms
        self.prior = prior
        self.hyper_samples = hyper_samples
        self.pretrained = pretrained
        self.calibration = calibration
        self.hyperparameters = hyperparameters

    @classmethod
    def fit_sources(
        cls,
        space: CategoricalSpace,
        sources: LatencyTable,
        *,
        seed: int,
        hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER,
        pretrained: PretrainedNetwork | None = None,
        trust: FloatArray | None = None,
    ) -> DefaultMethod:
        """Fit regressions and network to the sources; calibrate on each family left out.

        Args:
            space: Search space of the table.
            sources: Their latencies.
            seed: The same seed gives the same method on the same machine.
            hyperparameters: Of the network.
            pretrained: The network, where it is trained on these sources already.
            trust: How much each source counts, above 0 and at most 1: `p`; None where all count alike.
        """
        feature_map = FeatureMap(space)
        prior = Prior.of(feature_map, SourceRegressions.fit(feature_map, sources, trust=trust), seed=seed)
        hyper_samples = HyperparameterSamples.draw(prior, seed=seed)
        likelihoods = MarginalLikelihoods.compute(prior, hyper_samples, sources, seed=seed)
        return cls(
            prior,
            likelihoods.weigh(hyper_samples),
            pretrained or pretrain(space, sources, hyperparameters, seed=seed, trust=trust),
            calibrate(prior, hyper_samples, likelihoods, sources, seed=seed),
            hyperparameters,
        )

    @classmethod
    def without_sources(cls, space: CategoricalSpace, *, seed: int) -> DefaultMethod:
        """Return the method of a space for which no platform was ever measured: costs alone are its prior.

        Args:
            space: Knows its costs.
            seed: Of what is drawn.

        Raises:
            EncodingError: If the space knows no costs.
        """
        feature_map = FeatureMap(space)
        if not feature_map.space_sample.stage_costs:
            raise EncodingError(
                f"{space.name} knows no costs, and nothing was measured on any platform: give the space costs, or fit "
                "the method to a table of latencies"
            )
        prior = Prior.of(feature_map, SourceRegressions.none(), seed=seed)
        return cls(prior, HyperparameterSamples.draw(prior, seed=seed), None, Calibration.broad())

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return what to save: learned parameters, no latency of any source."""
        return {
            **self.prior.tensors(),
            **self.hyper_samples.tensors(),
            **({} if self.pretrained is None else self.pretrained.tensors()),
            **self.calibration.tensors(),
        }

    @classmethod
    def from_tensors(
        cls,
        space: CategoricalSpace,
        platforms: tuple[str, ...],
        tensors: Mapping[str, NDArray[np.generic]],
        hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER,
    ) -> DefaultMethod:
        """Return what `tensors` was saved from."""
        return cls(
            Prior.from_tensors(space, platforms, tensors),
            HyperparameterSamples.from_tensors(tensors),
            PretrainedNetwork.from_tensors(space, platforms, tensors, hyperparameters)
            if "embeddings" in tensors
            else None,
            Calibration.from_tensors(tensors),
            hyperparameters,
        )

    def for_pruned_graphs(self) -> DefaultMethod:
        """Return the method for platforms that run graphs without what cannot influence the output.

        What is exported and measured on a device is such a graph. Published tables may have timed all of the graph:
        for them the method describes both, and the samples decide. A device may also run one kind of operation, in some
        precision, far less well than its costs tell: no table shows that. Methods of earlier releases and those without
        sources do not hold `COST_BASED_SHARE` yet.
        """
        prior, hyper_samples = self.prior.for_pruned_graphs(), self.hyper_samples
        if prior.cost_models is not None:
            hyper_samples = hyper_samples.with_mean_share(prior.unsampled_mean, COST_BASED_SHARE)
        if "operations" in prior.kernel_names:
            hyper_samples = hyper_samples.with_kernel(prior, "operations", seed=OPERATIONS_SEED)
        return DefaultMethod(prior, hyper_samples, self.pretrained, self.calibration, self.hyperparameters)

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return the candidates that lower the variance of all predictions most, given what is measured."""
        return Informative(self.prior, self.hyper_samples)(candidates, count, measured=measured, seed=seed)

    def next_round(self, sample_count: int, wanted_count: int) -> int:
        """Return how many samples to choose at once, as the informative sampler needs it."""
        return Informative(self.prior, self.hyper_samples).next_round(sample_count, wanted_count)

    def adapt(self, samples: Samples, *, seed: int) -> DefaultPredictor:
        """Condition the model on the samples; with none, rank by costs."""
        hyper_samples = self.hyper_samples if samples.count else self.hyper_samples.of_mean(self.prior.unsampled_mean)
        posterior = Posterior.infer(self.prior, hyper_samples, samples)
        nearest, correlation = self._nearest(samples)
        return DefaultPredictor(
            AdaptedPlatform(
                posterior=posterior,
                distilled=cache(partial(self._distil, posterior, nearest, seed=seed)),
                interval_factor=self.calibration.interval_factor(samples.count),
                expectation=self.calibration.expected_error(
                    posterior.log_errors(self.prior.space_sample), samples.count
                ),
                source_platform=nearest,
                source_correlation=correlation,
                calibration=self.calibration,
            )
        )

    def likely_ms(self, choices: ChoiceArray, measured: Samples, *, seed: int) -> FloatArray:
        """Return latencies by the model alone, without training the network."""
        posterior = self.adapt(measured, seed=seed).adapted.posterior
        return posterior.predict(self.prior.basis(choices))[0]

    def _nearest(self, samples: Samples) -> tuple[str | None, float]:
        """Return the source that correlates best over the samples, and its correlation."""
        if not self.platforms:
            return None, math.nan
        if self.pretrained is None:
            by_sources = self.prior.source_latencies(samples.choices).T
        else:
            by_sources = np.exp(self.pretrained.source_log_latencies(self.prior.one_hot(samples.choices)))
        return nearest_platform(self.platforms, by_sources, samples.latency_ms)

    def _distil(self, posterior: Posterior, nearest: str | None, *, seed: int) -> DistilledNetwork | None:
        """Fine-tune the network on the samples and on the model's predictions elsewhere."""
        if self.pretrained is None:
            return None
        samples = posterior.samples
        row = self.pretrained.embeddings.initial_row("max_correlation", nearest, seed=seed)
        distilled = self.prior.feature_map.space_sample_choices[:DISTILLATION_COUNT]
        mean, sd = posterior.predict(self.prior.space_sample[: len(distilled)])
        network = fine_tune(
            self.pretrained,
            row,
            self.prior.one_hot(np.concatenate([samples.choices, distilled])),
            np.log(np.concatenate([samples.latency_ms, mean])),
            np.concatenate([np.full(samples.count, (mean / sd).max() ** 2), (mean / sd) ** 2]),
            self.hyperparameters,
            seed=seed,
        )
        weight = self._network_weight(posterior, network) if samples.count else 0.0
        return DistilledNetwork(network=network, weight=weight)

    def _network_weight(self, posterior: Posterior, network: AdaptedNetwork) -> float:
        """Return the weight of the network by its precision on architectures that it was not trained on.

        The variance of the model is its own, noise left out; that of the network is the same plus its squared distance
        from the model.
        """
        rest = slice(DISTILLATION_COUNT, None)
        choices, basis = self.prior.feature_map.space_sample_choices[rest], self.prior.space_sample[rest]
        if not len(choices):
            return 0.0
        means, variances = posterior.predict_each(basis)
        mean, _ = posterior.predict(basis)
        missed = float(np.mean((network.log_latency(self.prior.one_hot(choices)) - np.log(mean)) ** 2))
        variance = float(np.median(variances.mean(axis=0) / np.maximum(means.mean(axis=0), SHARE_FLOOR) ** 2))
        return NETWORK_WEIGHT_MAX * variance / (variance + missed)
