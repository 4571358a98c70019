from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor.dataset import LatencyTable
from edgeprof_predictor.encodings import (
    LatencyEncoding,
    LookupEncoding,
    TableReferences,
    Union,
    Vec,
    load_proxy_encoding,
    proxy_encoding,
)
from edgeprof_predictor.encodings.normalisation import Standard
from edgeprof_predictor.errors import EncodingError, ReferencesError, TableError
from edgeprof_predictor.spaces import CategoricalSpace

SPACE = CategoricalSpace("small", (2, 3))
CHOICES = SPACE.all_choices()


def test_scores_are_standardised_and_a_constant_one_is_left_out() -> None:
    encoding = proxy_encoding(CHOICES, np.stack([np.arange(6.0), np.ones(6)], axis=1))
    values = encoding.encode(CHOICES)
    assert values.shape == (6, 1)
    assert values.mean() == pytest.approx(0.0)
    assert values.std() == pytest.approx(1.0)


def test_scores_over_orders_of_magnitude_are_taken_as_logarithms() -> None:
    values = proxy_encoding(CHOICES, 10.0 ** np.arange(0, 12, 2)[:, None]).encode(CHOICES)[:, 0]
    assert np.diff(values) == pytest.approx(np.full(5, np.diff(values)[0]))


def test_a_union_holds_the_decisions_first() -> None:
    union = Union(Vec(SPACE), proxy_encoding(CHOICES, np.arange(6.0)[:, None]))
    assert (union.name, union.width) == ("zcpvec", 6)
    assert np.array_equal(union.encode(CHOICES[2:4])[:, :5], SPACE.one_hot(CHOICES[2:4]))


def test_an_architecture_without_scores_is_named() -> None:
    encoding = proxy_encoding(CHOICES[:5], np.arange(5.0)[:, None])
    with pytest.raises(EncodingError, match=r"no row for the architecture \[1, 2\]"):
        encoding.encode(CHOICES)


def test_missing_scores_stand_at_the_mean_and_infinite_ones_at_the_extreme() -> None:
    encoding = LookupEncoding("zcp", CHOICES, np.array([[1.0], [np.nan], [3.0], [np.inf], [5.0], [2.0]]))
    values = encoding.encode(CHOICES)[:, 0]
    assert values[1] == 0.0
    assert values[3] == values[4] == values.max()


def test_a_table_without_scores_is_refused() -> None:
    with pytest.raises(TableError, match="there is not one score among 6"):
        proxy_encoding(CHOICES, np.full((6, 1), np.nan))
    with pytest.raises(TableError, match="6 architectures need as many rows"):
        proxy_encoding(CHOICES, np.zeros((5, 1)))


def test_normalisation_is_learnt_on_the_given_architectures_alone() -> None:
    encoding = proxy_encoding(CHOICES, np.array([1.0, 2.0, 3.0, 50.0, 60.0, 70.0])[:, None]).fitted(CHOICES[:3])
    assert encoding.encode(CHOICES[:3]).mean() == pytest.approx(0.0)
    again = Standard.from_tensors(encoding.normalisation.tensors())
    assert np.array_equal(again.apply(np.array([[2.0], [8.0]])), encoding.normalisation.apply(np.array([[2.0], [8.0]])))


def test_latencies_elsewhere_and_proxies_join_and_name_their_columns() -> None:
    table = LatencyTable(platforms=("a", "b"), choices=CHOICES, latency_ms=np.arange(1.0, 13.0).reshape(2, 6))
    latencies = LatencyEncoding(TableReferences("small", table), CHOICES)
    union = Union(latencies, proxy_encoding(CHOICES, np.arange(6.0)[:, None], ["flops"]))
    assert (union.name, union.columns, union.encode(CHOICES).shape) == ("hwlzcp", ("a", "b", "flops"), (6, 3))
    with pytest.raises(EncodingError, match=r"needs the columns a, c of hwl, in this order; the encoding has a, b"):
        latencies.check_columns(("a", "c"))


def test_references_that_are_not_those_needed_are_named() -> None:
    table = LatencyTable(platforms=("a", "b"), choices=CHOICES, latency_ms=np.arange(1.0, 13.0).reshape(2, 6))
    with pytest.raises(ReferencesError, match="missing: c; unknown to it: b"):
        TableReferences("small", table).check(("a", "c"))
    with pytest.raises(EncodingError, match=r"\[1, 2\] was not measured on the reference platforms"):
        TableReferences("small", table.subset([0, 1])).latency_ms(CHOICES[-1:])


def test_an_archive_of_scores_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "scores.npz", arch=CHOICES, score=np.arange(12.0).reshape(6, 2))
    assert load_proxy_encoding(tmp_path / "scores.npz", SPACE).encode(CHOICES).shape == (6, 2)
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    with pytest.raises(TableError, match="is no table"):
        load_proxy_encoding(tmp_path / "broken.npz", SPACE)
