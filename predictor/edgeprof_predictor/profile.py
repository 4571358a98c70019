"""What onboarding leaves: what predicts the networks of a search space on one platform, wherever it is carried."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgeprof_predictor._profile_file import Part, readable, write_part
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.methods.onboarding_method import DEFAULT_METHOD, OPERATORS, TRANSFER, ProfilePredictor
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import Architecture, CategoricalSpace, get_space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Predictions for one platform.

    Args:
        predictor: The adapted method.
        platform: Identity of the platform, as the host describes it.
        provenance: How the profile came about, as the host describes it.
    """

    predictor: ProfilePredictor
    platform: Mapping[str, str]
    provenance: Mapping[str, str]

    @property
    def space(self) -> CategoricalSpace:
        """The search space."""
        return self.predictor.space

    @property
    def samples(self) -> Samples:
        """What was measured."""
        return self.predictor.samples

    @property
    def source_platform(self) -> str | None:
        """The source whose embedding row the platform's started from."""
        return self.predictor.source_platform

    @property
    def source_correlation(self) -> float:
        """Its correlation with the platform on the samples."""
        return self.predictor.source_correlation

    @property
    def expected_error(self) -> float:
        """Median relative error to expect for an architecture that was not measured."""
        return self.predictor.expected_error

    def predict(self, architectures: Sequence[str | Architecture] | str) -> Prediction:
        """Return latencies with 90 % intervals.

        Args:
            architectures: Texts in the notation of the space, or architectures; one text alone is one architecture.

        Raises:
            ArchitectureError: If one is not of the profile's search space.
        """
        listed = [architectures] if isinstance(architectures, str) else architectures
        parsed = [self.space.parse(one) if isinstance(one, str) else one for one in listed]
        return self.predictor.predict(self.space.choices(parsed))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the profile into its file, whole or not at all: it replaces its predecessor.

        Other profiles of the device that the file holds stay: of other search spaces, of other settings, of models.

        Raises:
            ProfileError: If the file is there and is damaged, no profile, or another device's.
            OSError: If it cannot be written.
        """
        part = Part(
            subject=self.space.name,
            platform=self.platform,
            provenance=self.provenance,
            tensors=self.predictor.tensors(),
            document=self.predictor.document(),
        )
        write_part(path, part)

    @classmethod
    def of_part(cls, part: Part, path: str | os.PathLike[str]) -> Profile:
        """Return the profile that a part of a file holds.

        Args:
            part: The part.
            path: The file, for messages.

        Raises:
            ProfileError: If it is damaged, or its search space or method is not known here.
        """
        with readable(path):
            predictor = restored_predictor(get_space(part.subject), part.tensors, part.document)
        return cls(predictor=predictor, platform=part.platform, provenance=part.provenance)


def restored_predictor(
    space: CategoricalSpace, tensors: Mapping[str, NDArray[np.generic]], document: Mapping[str, Any]
) -> ProfilePredictor:
    """Return the predictor that was saved, by the method that its document names."""
    name = document.get("method", DEFAULT_METHOD)
    if name == DEFAULT_METHOD:
        from edgeprof_predictor.methods.default.predictor import DefaultPredictor

        return DefaultPredictor.restored(space, tensors, document)
    if name == OPERATORS:
        from edgeprof_predictor.operator_prior.predictor import OperatorPriorPredictor

        return OperatorPriorPredictor.restored(space, tensors)
    if name == TRANSFER:
        from edgeprof_predictor.transfer.onboarding import TransferProfilePredictor

        return TransferProfilePredictor.restored(space, tensors, document)
    from edgeprof_predictor.methods.registered import RegisteredPredictor

    return RegisteredPredictor.restored(space, tensors, document)
