"""Latencies that profiles predict, as an encoding: HWL of any architecture, measured on nothing but a few samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgeprof_predictor.encodings.base import Encoding
from edgeprof_predictor.encodings.normalisation import Normalisation, Standardised
from edgeprof_predictor.errors import EncodingError
from edgeprof_predictor.features import REFERENCE_COUNT, REFERENCE_SEED
from edgeprof_predictor.spaces import ChoiceArray, FloatArray

if TYPE_CHECKING:
    from edgeprof_predictor.profile import Profile


class ProfileEncoding(Encoding):
    """Log latencies on onboarded reference platforms, as their profiles predict them.

    Args:
        profiles: By the name of the reference platform; all of one search space.
        normalisation: As learned on the source; None to learn it on architectures drawn from the space.

    Raises:
        EncodingError: If there is no profile, or they belong to different search spaces.

    Source:
        HWL of Multi-Predict, section 3.2, with predicted in place of measured latencies.
    """

    def __init__(self, profiles: Mapping[str, Profile], *, normalisation: Normalisation | None = None) -> None:
        spaces = sorted({profile.space.name for profile in profiles.values()})
        if len(spaces) != 1:
            raise EncodingError(
                f"reference platforms need profiles of one search space, got {' and '.join(spaces) or 'no profile'}; "
                "onboard each reference on the space that is to be encoded"
            )
        super().__init__("hwl", list(profiles))
        self._profiles = dict(profiles)
        self.space = next(iter(profiles.values())).space
        drawn = self.space.sample_choices(min(REFERENCE_COUNT, self.space.size), seed=REFERENCE_SEED)
        self.normalisation = normalisation or Standardised.fit(self._log_latency(drawn))

    def encode(self, choices: ChoiceArray) -> FloatArray:
        """Return normalised log latencies: `n x l` to `n x d`."""
        return self.normalisation.apply(self._log_latency(choices))

    def _log_latency(self, choices: ChoiceArray) -> FloatArray:
        predicted = [profile.predictor.predict(choices).latency_ms for profile in self._profiles.values()]
        return np.log(np.stack(predicted, axis=1))
