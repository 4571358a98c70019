"""A transfer between search spaces as it onboards a device: the device is known on one space, measured on another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.encodings.reference_latencies import ReferenceLatencies
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.methods.cost_features import FeatureMap
from edgeprof_predictor.methods.expected_error import MEDIAN_DEVIATIONS
from edgeprof_predictor.methods.left_out import MIN_COUNT, interval_log_sd, predict_left_out
from edgeprof_predictor.methods.onboarding_method import TRANSFER, OnboardingMethod, ProfilePredictor
from edgeprof_predictor.methods.source_regression import SourceRegressions
from edgeprof_predictor.samplers import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray, get_space
from edgeprof_predictor.tables.latency_table import LatencyTable
from edgeprof_predictor.transfer import get_transfer
from edgeprof_predictor.transfer.base import TransferMethod
from edgeprof_predictor.transfer.default import DefaultTransfer
from edgeprof_predictor.transfer.task import TransferTask

ORDERED_COUNT: Final = 200
"""Architectures that a transfer orders before anything is measured; more samples than those are random."""

CHECKED_COUNT: Final = 300
"""Architectures over which the expected error is the median."""


class RegressionReferences(ReferenceLatencies):
    """Reference platforms whose latencies are regressions, as a bundle holds them; of pruned graphs.

    Args:
        feature_map: Of the search space.
        sources: The regressions.
    """

    def __init__(self, feature_map: FeatureMap, sources: SourceRegressions) -> None:
        super().__init__(feature_map.space.name, sources.platforms)
        self.feature_map: Final = feature_map
        self.sources: Final = sources

    def latency_ms(self, choices: ChoiceArray) -> FloatArray:
        """Predict multiples of each platform's mean: `n x l` to `m x n`."""
        pruned = self.feature_map.space.pruned(choices)
        latencies: FloatArray = self.sources.predict_choices(self.feature_map, pruned).T
        return latencies


class TransferOnboarding(OnboardingMethod):
    """A transfer method, given its task, as it onboards a device.

    Its samples are ordered before any is measured. Where it has intervals of its own, they are widened by as much as
    samples that are predicted from the others ask for; else they come from these alone.

    Args:
        method: The transfer method.
        references: Its references on the target space.
    """

    def __init__(self, method: TransferMethod, references: RegressionReferences) -> None:
        self.method: Final = method
        self.references: Final = references
        self.space = references.feature_map.space
        self.platforms = references.platforms
        self.is_probabilistic: Final = isinstance(method, DefaultTransfer)
        # A network takes longer to train than a linear model.
        self.is_quick = self.is_probabilistic
        order = method.choose_samples(min(ORDERED_COUNT, len(method.task.pool)))
        self.ordered: Final[ChoiceArray] = method.task.pool[order]

    @property
    def fixed_choices(self) -> ChoiceArray:
        """The architectures that the method orders, which all are candidates."""
        return self.ordered

    def choose_samples(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return the next ones of the order, then random ones."""
        position = {row.tobytes(): place for place, row in enumerate(_rows(self.ordered))}
        places = np.array([position.get(row.tobytes(), len(position)) for row in _rows(candidates)])
        first = np.argsort(places, kind="stable")[: min(count, int((places < len(position)).sum()))]
        rest = np.setdiff1d(np.arange(len(candidates)), first)
        more = rest[choose_random(len(rest), count - len(first), seed=seed)]
        return np.concatenate([first, more]).astype(np.int64)

    def adapt(self, samples: Samples, *, seed: int) -> TransferProfilePredictor:
        """Adapt the method, and again without each sample: what it errs there gives or widens the intervals."""
        pruned = samples.with_choices(self.space.pruned(samples.choices))
        if samples.count < MIN_COUNT:
            return TransferProfilePredictor(self, samples, np.zeros(0))
        found = predict_left_out(self.method.adapt, pruned)
        errors = np.log(samples.latency_ms / found.latency_ms)
        if self.is_probabilistic:
            errors = errors / found.log_sd
        return TransferProfilePredictor(self, samples, errors)


class TransferProfilePredictor(ProfilePredictor):
    """A device on the target space.

    Args:
        onboarding: The method.
        samples: What was measured on the target space.
        errors: Errors of samples predicted from the others: log of measured over predicted latency, in the method's own
            standard deviations where it has some; none where there were too few.

    Shapes:
        errors: `k` or none.
    """

    interval_origin: ClassVar[str] = "the transfer method, and samples predicted from the other samples"

    def __init__(self, onboarding: TransferOnboarding, samples: Samples, errors: FloatArray) -> None:
        self._onboarding, self._samples, self._errors = onboarding, samples, errors
        self.estimates_gain = onboarding.is_probabilistic
        self._adapted = onboarding.method.adapt(samples.with_choices(self.space.pruned(samples.choices)))
        self.checked_count = samples.count - 1
        self._error = MEDIAN_DEVIATIONS * float(np.median(self._log_sds(self._checked)))

    @property
    def space(self) -> CategoricalSpace:
        """The target space."""
        return self._onboarding.space

    @property
    def samples(self) -> Samples:
        """What was measured on the target space."""
        return self._samples

    @property
    def _checked(self) -> ChoiceArray:
        checked: ChoiceArray = self._onboarding.method.task.pool[:CHECKED_COUNT]
        return checked

    def predict(self, choices: ChoiceArray) -> Prediction:
        """Return latencies with 90 % intervals."""
        predicted = self._adapted.predict(self.space.pruned(choices))
        return Prediction.lognormal(predicted.latency_ms, self._widened(predicted), is_relative=predicted.is_relative)

    @property
    def expected_error(self) -> float:
        """Median relative error to expect over the search space."""
        return self._error

    def error_after(self, candidates: ChoiceArray, count: int = 1) -> float:
        """Return the error to expect after the next samples, if these turn out as predicted; else the same error."""
        if not self.estimates_gain or not self._samples.count:
            return self._error
        chosen = self._onboarding.choose_samples(
            candidates, min(count, len(candidates)), measured=self._samples, seed=0
        )
        predicted = self.predict(candidates[chosen]).latency_ms
        more = Samples.of(self.space.pruned(candidates[chosen]), predicted)
        joined = TransferProfilePredictor(self._onboarding, self._samples.joined(more), self._errors)
        return min(joined.expected_error, self._error)

    def joined(self, samples: Samples) -> TransferProfilePredictor:
        """Return the predictor after more samples; what widens its intervals stays."""
        return TransferProfilePredictor(self._onboarding, self._samples.joined(samples), self._errors)

    def _log_sds(self, choices: ChoiceArray) -> FloatArray:
        return self._widened(self._adapted.predict(choices))

    def _widened(self, predicted: Prediction) -> FloatArray:
        """Return deviations of log latency: `n`."""
        own = predicted.log_sd
        if not len(self._errors):
            return own
        if self._onboarding.is_probabilistic:
            # Never narrower than the method's own: a few samples that happen to be easy say little.
            widened: FloatArray = own * max(1.0, float(np.sqrt(np.mean(self._errors**2))))
            return widened
        return np.full(len(own), interval_log_sd(self._errors))

    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return the task, the references and the samples."""
        task, references = self._onboarding.method.task, self._onboarding.references
        return {
            **self._samples.tensors(),
            **references.sources.tensors(),
            "reference_choices": references.feature_map.space_sample_choices,
            "left_out_errors": self._errors,
            "task.choices": task.source.choices,
            "task.latency_ms": task.source.latency_ms,
            "task.pool": task.pool,
        }

    def document(self) -> dict[str, Any]:
        """Return names and seed."""
        method = self._onboarding.method
        return {
            "method": TRANSFER,
            "transfer": method.name,
            "seed": method.seed,
            "source_space": method.task.source_space.name,
            "platform_name": method.task.platform,
            "source_platforms": list(self._onboarding.platforms),
        }

    @classmethod
    def restored(
        cls, space: CategoricalSpace, tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]
    ) -> TransferProfilePredictor:
        """Return what `tensors` and `document` were saved from: the adaptation is made again from the samples.

        Args:
            space: The target space.
            tensors: The arrays.
            document: The rest.
        """
        platforms = tuple(document["source_platforms"])
        feature_map = FeatureMap(space, tensors["reference_choices"].astype(CHOICE_TYPE))
        references = RegressionReferences(feature_map, SourceRegressions.from_tensors(platforms, tensors))
        task = TransferTask(
            source_space=get_space(document["source_space"]),
            target_space=space,
            source=LatencyTable(
                platforms=(*platforms, document["platform_name"]),
                choices=tensors["task.choices"].astype(CHOICE_TYPE),
                latency_ms=tensors["task.latency_ms"].astype(np.float64),
            ),
            platform=document["platform_name"],
            references=references,
            pool=tensors["task.pool"].astype(CHOICE_TYPE),
        )
        method = get_transfer(document["transfer"])(task, seed=document["seed"])
        errors = tensors["left_out_errors"].astype(np.float64)
        return cls(TransferOnboarding(method, references), Samples.from_tensors(tensors), errors)


def make_transfer(
    name: str,
    source: LatencyTable,
    platform: str,
    *,
    source_space: CategoricalSpace,
    target: FeatureMap,
    sources: SourceRegressions,
    seed: int,
) -> TransferOnboarding:
    """Return a transfer method for a platform.

    Args:
        name: One of `TRANSFER_NAMES`.
        source: Latencies of the platform and of the references on the source space.
        platform: Name of the platform.
        source_space: Where it is known.
        target: Describes the target space.
        sources: The references on the target space, in the order of the table.
        seed: Of the method.

    Raises:
        UnknownMethodError: If no transfer has this name.
        ReferencesError: If source and target are one space.
    """
    references = RegressionReferences(target, sources)
    pool = np.unique(target.space.pruned(target.space_sample_choices[target.space_sample.is_connected]), axis=0)
    task = TransferTask(
        source_space=source_space,
        target_space=target.space,
        source=source.select((*references.platforms, platform)),
        platform=platform,
        references=references,
        pool=pool[np.random.default_rng(seed).permutation(len(pool))],
    )
    return TransferOnboarding(get_transfer(name)(task, seed=seed), references)


def _rows(choices: ChoiceArray) -> ChoiceArray:
    return np.ascontiguousarray(choices, dtype=CHOICE_TYPE)
