from __future__ import annotations

import numpy as np
import pytest

from edgeprof_predictor.errors import SamplesError
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import CategoricalSpace

CHOICES = np.array([[0, 1], [1, 0]], dtype=np.int8)


def test_whole_milliseconds_are_noticed_as_the_step_of_the_clock() -> None:
    assert Samples.of(CHOICES, np.array([12.0, 31.0])).resolution_ms == 1.0
    assert Samples.of(CHOICES, np.array([12.0, 31.2])).resolution_ms == 0.0


def test_no_samples_are_samples() -> None:
    samples = Samples.none(CategoricalSpace("table", (2, 2)))
    assert (samples.count, samples.choices.shape, samples.resolution_ms) == (0, (0, 2), 0.0)


@pytest.mark.parametrize("latency", [0.0, -1.0, float("nan"), float("inf")])
def test_a_latency_that_is_none_is_refused(latency: float) -> None:
    with pytest.raises(SamplesError, match="finite and > 0 ms"):
        Samples.of(CHOICES, np.array([1.0, latency]))


def test_a_latency_without_architecture_is_refused() -> None:
    with pytest.raises(SamplesError, match="must hold 2 values"):
        Samples.of(CHOICES, np.array([1.0]))


def test_joined_samples_take_the_coarser_clock() -> None:
    fine, coarse = Samples.of(CHOICES, np.array([1.5, 2.5])), Samples.of(CHOICES, np.array([1.0, 2.0]))
    joined = fine.joined(coarse)
    assert joined.latency_ms.tolist() == [1.5, 2.5, 1.0, 2.0]
    assert joined.resolution_ms == 1.0
