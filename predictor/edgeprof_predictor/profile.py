"""What onboarding leaves: one file that predicts for one platform, wherever it is carried."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor._output_files import write_output
from edgeprof_predictor._storage import digest_of, pack, unpack
from edgeprof_predictor.errors import ProfileError, UnknownSearchSpaceError
from edgeprof_predictor.methods.base import Prediction
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import Architecture, CategoricalSpace, get_space

if TYPE_CHECKING:
    from edgeprof_predictor.methods.default.predictor import DefaultPredictor

SCHEMA_VERSION: Final = 3
"""Version of the file. 1: the first. 2: hyper-parameter samples. 3: tells whether the platform runs pruned graphs, and
holds the calibration for more samples."""

READABLE_VERSIONS: Final = (2, SCHEMA_VERSION)
"""Profiles of version 2 predict as they did: for both graphs, with the calibration of their samples."""
READABLE: Final = " and ".join(map(str, READABLE_VERSIONS))

SUFFIX: Final = ".edgeprof"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """Predictions for one platform.

    Args:
        predictor: The adapted default method.
        platform: Identity of the platform, as the host describes it.
        provenance: How the profile came about, as the host describes it.
    """

    predictor: DefaultPredictor
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
        """Write the profile as one file, whole or not at all.

        Raises:
            OSError: If it cannot be written.
        """
        from edgeprof_predictor.methods.default.predictor import tensors_of

        adapted = self.predictor.adapted
        tensors = tensors_of(adapted)
        document = {
            "schema_version": SCHEMA_VERSION,
            "space": self.space.name,
            "source_platforms": list(adapted.posterior.prior.sources.platforms),
            "source_platform": adapted.source_platform,
            "platform": dict(self.platform),
            "provenance": dict(self.provenance),
        }
        write_output(path, pack(tensors, document | {"sha256": digest_of(tensors, document)}))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Profile:
        """Read a profile.

        Raises:
            ProfileError: If the file is missing, damaged, or of another version.
        """
        try:
            tensors, document = unpack(Path(path))
            _check(document, tensors, path)
            return cls._of_parts(tensors, document)
        except FileNotFoundError:
            raise ProfileError(f"there is no profile {path}; onboard the platform to make one") from None
        except UnknownSearchSpaceError as error:
            raise ProfileError(f"{path} cannot be used here: {error}") from error
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            reason = " ".join(str(error).split())  # torch writes several lines
            raise ProfileError(f"{path} is no profile or is damaged ({reason}); onboard the platform again") from error

    @classmethod
    def _of_parts(cls, tensors: dict[str, NDArray[np.generic]], document: dict[str, Any]) -> Profile:
        from edgeprof_predictor.methods.default.predictor import DefaultPredictor, platform_from_tensors

        adapted = platform_from_tensors(
            get_space(document["space"]), tuple(document["source_platforms"]), document["source_platform"], tensors
        )
        return cls(
            predictor=DefaultPredictor(adapted), platform=document["platform"], provenance=document["provenance"]
        )


def _check(document: dict[str, Any], tensors: Mapping[str, NDArray[np.generic]], path: str | os.PathLike[str]) -> None:
    version = document["schema_version"]
    if version not in READABLE_VERSIONS:
        raise ProfileError(
            f"{path} is a profile of version {version}, this release reads {READABLE}; "
            f"use the release that wrote it or onboard the platform again"
        )
    described = {key: value for key, value in document.items() if key != "sha256"}
    if digest_of(tensors, described) != document["sha256"]:
        raise ProfileError(f"{path} is damaged: its contents do not match their checksum; onboard the platform again")
