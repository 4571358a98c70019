from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from predictor.methods.tables import SPACE, table

from edgeprof_predictor.methods.baselines.maple import Maple
from edgeprof_predictor.networks.hyperparameters import HARDWARE_TRANSFER
from edgeprof_predictor.samples import Samples

SETTINGS = replace(HARDWARE_TRANSFER, source_epochs=3, source_learning_rate=0.004)


@pytest.fixture(scope="module")
def maple() -> Maple:
    return Maple.fit_sources(SPACE, table(), seed=0, hyperparameters=SETTINGS)


def test_many_samples_of_a_source_describe_it_as_its_whole_table_does(maple: Maple) -> None:
    known = table()
    samples = Samples.of(known.choices[::2], 7.0 * known.latencies_of("platform_5")[::2])
    row = maple.new_row(samples, None, seed=0)
    nearest = torch.linalg.norm(maple.rows - row, dim=1).argmin()
    assert nearest == 5


def test_without_samples_a_platform_is_the_mean_of_the_sources(maple: Maple) -> None:
    assert np.allclose(maple.new_row(Samples.none(SPACE), None, seed=0), 0.0)
    assert np.allclose(maple.rows.mean(dim=0), 0.0, atol=1e-5)
