"""The default method: fit the prior to the sources, choose samples, adapt; the package's docstring has the formulas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.default.calibration import Calibration, calibrate
from edgeprof_predictor.methods.default.distillation import DistilledNetwork
from edgeprof_predictor.methods.default.hyperparameter_samples import HyperparameterSamples
from edgeprof_predictor.methods.default.hyperprior import COST_BASED_SHARE, MarginalLikelihoods
from edgeprof_predictor.methods.default.informative_design import Informative
from edgeprof_predictor.methods.default.posterior import Posterior
from edgeprof_predictor.methods.default.predictor import DefaultPredictor
from edgeprof_predictor.methods.default.prior import Basis, Prior
from edgeprof_predictor.methods.onboarding_method import OnboardingMethod, ProfilePredictor
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.networks.embedding_table import nearest_platform
from edgeprof_predictor.networks.hyperparameters import DEFAULT_TRANSFER, TransferHyperparameters
from edgeprof_predictor.networks.pretraining import PretrainedNetwork, pretrain
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

OPERATIONS_SEED: Final = 0
"""Of the amplitudes of the kernel that only devices have."""


@dataclass(eq=False, repr=False)
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

    prior: Prior
    hyper_samples: HyperparameterSamples
    pretrained: PretrainedNetwork | None
    calibration: Calibration
    hyperparameters: TransferHyperparameters = DEFAULT_TRANSFER

    def __post_init__(self) -> None:
        self.space = self.prior.feature_map.space
        self.platforms = self.prior.sources.platforms
        self.sampler = Informative(self.prior, self.hyper_samples)
        self._described: tuple[ChoiceArray, Basis] | None = None
        self._pruned: DefaultMethod | None = None

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
        drawn = HyperparameterSamples.draw(prior, seed=seed)
        likelihoods = MarginalLikelihoods.compute(prior, drawn, sources, seed=seed)
        return cls(
            prior,
            likelihoods.weighed(),
            pretrained or pretrain(space, sources, hyperparameters, seed=seed, trust=trust),
            calibrate(prior, likelihoods, sources, seed=seed),
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
        pretrained = None
        if "embeddings" in tensors:
            pretrained = PretrainedNetwork.from_tensors(space, platforms, tensors, hyperparameters)
        prior, hyper_samples = (
            Prior.from_tensors(space, platforms, tensors),
            HyperparameterSamples.from_tensors(tensors),
        )
        return cls(prior, hyper_samples, pretrained, Calibration.from_tensors(tensors), hyperparameters)

    def for_pruned_graphs(self) -> DefaultMethod:
        """Return the method for platforms that run graphs without what cannot influence the output.

        What is exported and measured on a device is such a graph. Published tables may have timed all of the graph:
        for them the method describes both, and the samples decide. A device may also run one kind of operation, in some
        precision, far less well than its costs tell: no table shows that. Methods of earlier releases and those without
        sources do not hold `COST_BASED_SHARE` yet.
        """
        if self._pruned is not None:  # what it has computed serves all devices
            return self._pruned
        prior, hyper_samples = self.prior.for_pruned_graphs(), self.hyper_samples
        if prior.cost_models is not None:
            hyper_samples = hyper_samples.with_mean_share(prior.unsampled_mean, COST_BASED_SHARE)
        if "operations" in prior.kernel_names:
            hyper_samples = hyper_samples.with_kernel(prior, "operations", seed=OPERATIONS_SEED)
        self._pruned = replace(self, prior=prior, hyper_samples=hyper_samples)
        return self._pruned

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return the candidates that lower the variance of all predictions most, given what is measured."""
        return self.sampler(candidates, count, measured=measured, seed=seed)

    def choose_after(
        self, adapted: ProfilePredictor, candidates: ChoiceArray, is_left: NDArray[np.bool_], count: int, *, seed: int
    ) -> NDArray[np.int64]:
        """Return the same given the samples of a predictor, whose posterior is not inferred again.

        The candidates are described once, for all samples of all devices that have the same.
        """
        if not adapted.samples.count or not isinstance(adapted, DefaultPredictor):
            return super().choose_after(adapted, candidates, is_left, count, seed=seed)
        described = self._described
        if described is None or not np.array_equal(described[0], candidates):
            described = self._described = (candidates, self.prior.basis(candidates))
        left = np.flatnonzero(is_left)
        return self.sampler.choose(adapted.posterior, candidates[left], count, seed=seed, described=described[1][left])

    def next_round(self, sample_count: int, wanted_count: int) -> int:
        """Return how many samples to choose at once, as the informative sampler needs it."""
        return self.sampler.next_round(sample_count, wanted_count)

    def adapt(self, samples: Samples, *, seed: int) -> DefaultPredictor:
        """Condition the model on the samples; with none, rank by costs."""
        posterior = self._posterior(samples)
        nearest, correlation = self._nearest(samples)
        train = partial(DistilledNetwork.train, self.pretrained, nearest, posterior, self.hyperparameters, seed=seed)
        return DefaultPredictor(
            posterior=posterior,
            distilled=cache(train),
            calibration=self.calibration,
            source_platform=nearest,
            source_correlation=correlation,
        )

    def likely_ms(self, choices: ChoiceArray, measured: Samples, *, seed: int) -> FloatArray:
        """Return latencies by the model alone, without training the network."""
        return self._posterior(measured).predict(self.prior.basis(choices))[0]

    def _posterior(self, samples: Samples) -> Posterior:
        hyper_samples = self.hyper_samples if samples.count else self.hyper_samples.of_mean(self.prior.unsampled_mean)
        return Posterior.infer(self.prior, hyper_samples, samples)

    def _nearest(self, samples: Samples) -> tuple[str | None, float]:
        """Return the source that correlates best over the samples, and its correlation."""
        if not self.platforms:
            return None, math.nan
        if self.pretrained is None:
            by_sources = self.prior.source_latencies(samples.choices).T
        else:
            by_sources = np.exp(self.pretrained.source_log_latencies(self.prior.one_hot(samples.choices)))
        return nearest_platform(self.platforms, by_sources, samples.latency_ms)
