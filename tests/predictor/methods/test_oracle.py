from __future__ import annotations

import pytest
from predictor.methods.tables import SPACE, table

from edgeprof_predictor.errors import SamplesError
from edgeprof_predictor.methods.baselines.nearest import Nearest
from edgeprof_predictor.methods.baselines.oracle import Oracle
from edgeprof_predictor.samples import Samples


def test_the_oracle_knows_nothing_until_the_truth_is_revealed() -> None:
    oracle = Oracle.fit_sources(SPACE, table(), seed=0)
    with pytest.raises(SamplesError, match="call reveal"):
        oracle.adapt(Samples.none(SPACE), seed=0)


def test_the_oracle_names_the_source_that_ranks_alike() -> None:
    known = table()
    oracle = Oracle.fit_sources(SPACE, known, seed=0)
    oracle.reveal(Samples.of(known.choices, known.latencies_of("platform_4")))
    predictor = oracle.adapt(Samples.none(SPACE), seed=0)
    assert predictor.source_platform == "platform_4"
    assert predictor.source_correlation > 0.99


def test_the_nearest_source_is_found_from_samples() -> None:
    known = table()
    samples = Samples.of(known.choices[:30], 3.0 * known.latencies_of("platform_1")[:30])
    assert Nearest.fit_sources(SPACE, known, seed=0).adapt(samples, seed=0).source_platform == "platform_1"
