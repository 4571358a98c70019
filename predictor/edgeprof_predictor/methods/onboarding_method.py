"""What an onboarding needs of a method, and a profile of its predictor, beside what all methods have."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.methods.base import FittedMethod, PlatformPredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CHOICE_TYPE, CategoricalSpace, ChoiceArray, FloatArray

DEFAULT_METHOD = "default"
"""Name of the method of profiles that name none."""

TRANSFER = "transfer"
"""What profiles that were made by a transfer from another search space name as their method."""

OPERATORS = "operators"
"""What profiles name whose prior is what a device's operators tell."""


class ProfilePredictor(PlatformPredictor):
    """A predictor that a profile can hold: it is written into a file, and learns from more samples."""

    estimates_gain: bool = False
    """Whether `error_after` tells what further samples gain, rather than the same error."""

    @property
    @abstractmethod
    def interval_origin(self) -> str:
        """Where intervals and expected error come from, in words."""

    @property
    @abstractmethod
    def space(self) -> CategoricalSpace:
        """The search space."""

    @property
    @abstractmethod
    def samples(self) -> Samples:
        """What the platform was learnt from."""

    @abstractmethod
    def joined(self, samples: Samples) -> ProfilePredictor:
        """Return the predictor after more samples of its platform."""

    @abstractmethod
    def tensors(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays to save."""

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """Return what else to save, in values of JSON; `method` names the method."""

    def complete(self) -> None:
        """Compute now what was put off until somebody asks for it."""


class OnboardingMethod(FittedMethod):
    """A method by which a device is onboarded."""

    is_quick: bool = True
    """Whether it adapts within a second, so that it is adapted after every measurement."""

    @abstractmethod
    def adapt(self, samples: Samples, *, seed: int) -> ProfilePredictor:
        """Return a predictor for the platform that was measured; no sample at all is allowed."""

    def choose_after(
        self, adapted: ProfilePredictor, candidates: ChoiceArray, is_left: NDArray[np.bool_], count: int, *, seed: int
    ) -> NDArray[np.int64]:
        """Return what `choose_samples` does given the samples of a predictor, from what that has computed.

        Args:
            adapted: What `adapt` has returned for the samples.
            candidates: Architectures among which all samples are chosen.
            is_left: Which of them may still be chosen.
            count: How many.
            seed: Of random choices.

        Shapes:
            candidates: `n x l`.  is_left: `n`.  returns: `count`, distinct, among those that are left.
        """
        return self.choose_samples(candidates[is_left], count, measured=adapted.samples, seed=seed)

    @property
    def fixed_choices(self) -> ChoiceArray:
        """Architectures that must be among the candidates: `n x l`; none unless the method says otherwise."""
        return np.zeros((0, len(self.space.choice_counts)), dtype=CHOICE_TYPE)

    def likely_ms(self, choices: ChoiceArray, measured: Samples, *, seed: int) -> FloatArray:
        """Return what architectures will probably take, where a rough answer does: `n x l` to `n`."""
        return self.adapt(measured, seed=seed).predict(choices).latency_ms


def described(tensors: Mapping[str, NDArray[np.generic]], prefix: str) -> dict[str, NDArray[np.generic]]:
    """Return the arrays whose names begin with a prefix, without it."""
    return {name[len(prefix) :]: array for name, array in tensors.items() if name.startswith(prefix)}
