"""Any method of the registry as it onboards a device: on graphs as they are exported, with intervals from samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import Method, Prediction
from edgeprof_predictor.methods.descriptor_architectures import DescriptorArchitectures
from edgeprof_predictor.methods.expected_error import MEDIAN_DEVIATIONS
from edgeprof_predictor.methods.left_out import interval_log_sd, left_out_errors
from edgeprof_predictor.methods.onboarding_method import OnboardingMethod, ProfilePredictor, described
from edgeprof_predictor.methods.pointwise import UNKNOWN_LOG_SD
from edgeprof_predictor.methods.registry import get_method
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

MIN_LOG_SD: Final = 1e-3
"""Smallest deviation of log latency: a thousandth is below the noise of any measurement."""


class RegisteredMethod(OnboardingMethod):
    """A method of the registry, fitted to sources, as it onboards a device.

    An exported network lacks what cannot influence its output, so the method sees pruned architectures alone, of the
    sources too. Its intervals come from samples that are predicted from the others.

    Args:
        method: The method, fitted to the sources.
        sources: What it was fitted to.
        seed: Of that fit.
    """

    is_quick: bool = False

    def __init__(self, method: Method, sources: LatencyTable, *, seed: int) -> None:
        self.space = method.space
        self.platforms = method.platforms
        self.method: Final = method
        self.sources: Final = sources
        self.seed: Final = seed
        descriptors = getattr(method, "descriptors", None)
        if isinstance(descriptors, DescriptorArchitectures):
            # Set only where there are some: who measures asks whether a method has any.
            self.descriptors = descriptors

    @classmethod
    def fit(cls, name: str, space: CategoricalSpace, sources: LatencyTable, *, seed: int) -> RegisteredMethod:
        """Fit the method of a name.

        Args:
            name: One of `registry.METHOD_NAMES`.
            space: The search space.
            sources: Latencies of other platforms.
            seed: The same seed gives the same method on the same machine.

        Raises:
            UnknownMethodError: If no method has this name.
            EncodingError: If it needs costs and the space knows none.
        """
        return cls(get_method(name).fit_sources(space, sources, seed=seed), sources, seed=seed)

    @property
    def fixed_choices(self) -> ChoiceArray:
        """The architectures that describe a platform, where the method has some."""
        descriptors = getattr(self, "descriptors", None)
        return super().fixed_choices if descriptors is None else descriptors.choices

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return what the method chooses among the pruned candidates."""
        pruned = self.space.pruned(candidates)
        return self.method.choose_samples(pruned, count, measured=self.as_run(measured), seed=seed)

    def next_round(self, sample_count: int, wanted_count: int) -> int:
        """Return how many samples the method chooses at once."""
        return self.method.next_round(sample_count, wanted_count)

    def adapt(self, samples: Samples, *, seed: int) -> RegisteredPredictor:
        """Adapt the method, and once more without each sample: the errors there give the intervals."""
        errors = left_out_errors(lambda some: self.method.adapt(self.as_run(some), seed=seed), samples)
        return RegisteredPredictor(self, samples, errors, seed=seed)

    def as_run(self, samples: Samples) -> Samples:
        """Return the samples by what the device ran."""
        return samples.with_choices(self.space.pruned(samples.choices))


class RegisteredPredictor(ProfilePredictor):
    """A method of the registry adapted to one device.

    Args:
        method: The fitted method.
        samples: What was measured.
        errors: Log of measured over predicted latency of samples predicted from the others; none where there were too
            few.
        seed: Of the adaptation.

    Shapes:
        errors: `k` or none.
    """

    interval_origin: ClassVar[str] = "samples predicted from the other samples"

    def __init__(self, method: RegisteredMethod, samples: Samples, errors: FloatArray, *, seed: int) -> None:
        self._method, self._samples, self._errors, self._seed = method, samples, errors, seed
        self._adapted = method.method.adapt(method.as_run(samples), seed=seed)
        self.source_platform = self._adapted.source_platform
        self.source_correlation = self._adapted.source_correlation
        self.checked_count = len(errors)
        is_known = len(errors) > 0
        self._log_sd = max(interval_log_sd(errors), MIN_LOG_SD) if is_known else UNKNOWN_LOG_SD
        self._spread = max(float(np.sqrt(np.mean(errors**2))), MIN_LOG_SD) if is_known else UNKNOWN_LOG_SD

    @property
    def space(self) -> CategoricalSpace:
        """The search space."""
        return self._method.space

    @property
    def samples(self) -> Samples:
        """What was measured."""
        return self._samples

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return the method's latencies, with intervals of equal ratio."""
        predicted = self._adapted.predict(self.space.pruned(choices))
        log_sd = np.full(len(choices), self._log_sd)
        return Prediction.lognormal(predicted.latency_ms, log_sd, is_relative=predicted.is_relative)

    @property
    def expected_error(self) -> float:
        """Median relative error to expect, from samples that were predicted from the others."""
        return MEDIAN_DEVIATIONS * self._spread

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the same error: the effect of further samples is not estimated."""
        return self.expected_error

    def joined(self, samples: Samples) -> RegisteredPredictor:
        """Return the method adapted to these samples and the earlier ones; intervals stay those of the earlier ones."""
        return RegisteredPredictor(self._method, self._samples.joined(samples), self._errors, seed=self._seed)

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return the samples, what the method was fitted to, and what training has given."""
        sources = self._method.sources
        return {
            **self._samples.tensors(),
            "left_out_errors": self._errors,
            "sources.choices": sources.choices,
            "sources.latency_ms": sources.latency_ms,
            **{f"trained.{name}": array for name, array in self._method.method.trained().items()},
        }

    def document(self) -> dict[str, Any]:
        """Return names and seeds."""
        return {
            "method": self._method.method.name,
            "source_platforms": list(self._method.platforms),
            "fit_seed": self._method.seed,
            "seed": self._seed,
        }

    @classmethod
    def restored(
        cls, space: CategoricalSpace, tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]
    ) -> RegisteredPredictor:
        """Return what `tensors` and `document` were saved from: the adaptation is made again from the samples.

        Args:
            space: The search space.
            tensors: The arrays.
            document: The rest.
        """
        sources = LatencyTable(
            platforms=tuple(document["source_platforms"]),
            choices=tensors["sources.choices"].astype(CHOICE_TYPE),
            latency_ms=tensors["sources.latency_ms"].astype(np.float64),
        )
        seed = document["fit_seed"]
        fitted = get_method(document["method"]).restored(space, sources, described(tensors, "trained."), seed=seed)
        return cls(
            RegisteredMethod(fitted, sources, seed=seed),
            Samples.from_tensors(tensors),
            tensors["left_out_errors"].astype(np.float64),
            seed=document["seed"],
        )
