from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor.encodings import LookupEncoding, Union, Vec, load_proxy_encoding, proxy_encoding
from edgeprof_predictor.errors import EncodingError, TableError
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


def test_missing_scores_are_refused() -> None:
    with pytest.raises(TableError, match="must be finite, got nan"):
        LookupEncoding("zcp", CHOICES, np.array([[1.0], [np.nan], [3.0], [4.0], [5.0], [6.0]]))


def test_an_archive_of_scores_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "scores.npz", arch=CHOICES, score=np.arange(12.0).reshape(6, 2))
    assert load_proxy_encoding(tmp_path / "scores.npz", SPACE).encode(CHOICES).shape == (6, 2)
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    with pytest.raises(TableError, match="is no table"):
        load_proxy_encoding(tmp_path / "broken.npz", SPACE)
