"""Latencies on reference platforms as their profiles predict them."""

from __future__ import annotations

import numpy as np

from edgeprof_predictor.encodings.reference_latencies import ReferenceLatencies
from edgeprof_predictor.errors import ReferencesError
from edgeprof_predictor.profile import Profile
from edgeprof_predictor.spaces import ChoiceArray, FloatArray


class ProfileReferences(ReferenceLatencies):
    """References that were onboarded: their profiles predict.

    Args:
        profiles: By the name of the platform; all of one search space.

    Raises:
        ReferencesError: If profiles are of several search spaces.
    """

    def __init__(self, profiles: dict[str, Profile]) -> None:
        spaces = sorted({profile.space.name for profile in profiles.values()})
        if len(spaces) > 1:
            raise ReferencesError(f"reference profiles must be of one search space, got {', '.join(spaces)}")
        super().__init__(spaces[0] if spaces else "", tuple(profiles))
        self._profiles = tuple(profiles.values())

    def latency_ms(self, choices: ChoiceArray) -> FloatArray:
        """Predict latencies: `n x l` to `m x n`."""
        return np.stack([profile.predictor.predict(choices).latency_ms for profile in self._profiles])
