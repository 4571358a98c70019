"""Platforms described by their latencies on a few fixed architectures: HELP's reference architectures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edgeprof_predictor.samplers import choose_random
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, FloatArray
from edgeprof_predictor.tables.latency_table import LatencyTable

DESCRIPTOR_COUNT: Final = 10
"""Fixed architectures that describe a platform (HELP, Lee et al. 2021, section 3; Multi-Predict, 3.1)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DescriptorArchitectures:
    """Fixed architectures and what the sources need for them.

    Letters: `r` descriptors, `p` sources, `l` decisions.

    Args:
        choices: The descriptors.
        source_rows: Descriptions of the sources: log latencies, standardised for each.

    Shapes:
        choices: `r x l`.  source_rows: `p x r`.
    """

    choices: ChoiceArray
    source_rows: FloatArray

    @classmethod
    def draw(cls, sources: LatencyTable, *, seed: int) -> DescriptorArchitectures:
        """Draw architectures of the sources."""
        count = min(DESCRIPTOR_COUNT, len(sources.choices))
        drawn = np.random.default_rng(seed).permutation(len(sources.choices))[:count]
        return cls(choices=sources.choices[drawn], source_rows=_standardised(np.log(sources.latency_ms[:, drawn])))

    def describe(self, samples: Samples) -> FloatArray:
        """Return the description of a new platform; the sources' mean where one is not measured: `r`."""
        row: FloatArray = self.source_rows.mean(axis=0)
        at, found = self._matches(samples.choices)
        if len(np.unique(at)) < 2 or np.ptp(samples.latency_ms[found]) == 0:
            return row
        measured = np.log(samples.latency_ms[found])
        # Centred and scaled as the sources are on the same architectures, so that some can stand for all.
        scale = self.source_rows[:, at].std(axis=1).mean() / measured.std()
        row[at] = (measured - measured.mean()) * scale + row[at].mean()
        return row

    def choose(self, candidates: ChoiceArray, count: int, *, measured: Samples, seed: int) -> NDArray[np.int64]:
        """Return candidates to measure: descriptor architectures not yet measured, then others at random.

        Raises:
            SampleCountError: If there are fewer candidates than asked for.
        """
        others = choose_random(len(candidates), count, seed=seed)
        wanted = self.unmeasured(candidates, measured)
        return np.concatenate([wanted, others[~np.isin(others, wanted)]])[:count]

    def unmeasured(self, candidates: ChoiceArray, measured: Samples) -> NDArray[np.int64]:
        """Return the indices of candidates that are descriptor architectures not yet measured."""
        already, _ = self._matches(measured.choices)
        at, found = self._matches(candidates)
        return found[~np.isin(at, already)]

    def _matches(self, choices: ChoiceArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return indices of descriptor architectures and of the choices equal to them, each descriptor once."""
        is_equal = np.all(self.choices[:, None, :] == choices[None, :, :], axis=-1)
        at = np.flatnonzero(is_equal.any(axis=1))
        found = is_equal[at].argmax(axis=1) if len(at) else np.zeros(0, dtype=np.int64)
        return at, found


def _standardised(rows: FloatArray) -> FloatArray:
    centred = rows - rows.mean(axis=1, keepdims=True)
    scaled: FloatArray = centred / np.maximum(rows.std(axis=1, keepdims=True), 1e-9)
    return scaled
