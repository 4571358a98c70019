from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgeprof_predictor.encodings import (
    ENCODING_PARTS,
    LookupEncoding,
    RankNormal,
    Standardised,
    Union,
    Vec,
    load_proxy_encoding,
    make_encoding,
    proxy_encoding,
)
from edgeprof_predictor.errors import EncodingError, TableError
from edgeprof_predictor.spaces import CategoricalSpace

SPACE = CategoricalSpace("small", (2, 3))
CHOICES = SPACE.all_choices()


def test_scores_are_standardised_and_a_constant_one_tells_nothing() -> None:
    encoding = proxy_encoding(CHOICES, np.stack([np.arange(6.0), np.ones(6)], axis=1))
    values = encoding.encode(CHOICES)
    assert values.mean(axis=0) == pytest.approx([0.0, 0.0])
    assert values.std(axis=0) == pytest.approx([1.0, 0.0])


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


@pytest.mark.parametrize("normalisation", [Standardised, RankNormal])
def test_missing_scores_are_the_middle_and_infinite_ones_the_extreme(
    normalisation: type[Standardised] | type[RankNormal],
) -> None:
    scores = np.array([[1.0], [np.nan], [3.0], [-np.inf], [5.0], [6.0]])
    values = proxy_encoding(CHOICES, scores, normalisation=normalisation.fit(scores)).encode(CHOICES)[:, 0]
    assert values[1] == 0.0
    assert values[3] == values[0] == values.min()
    assert np.isfinite(values).all()


@pytest.mark.parametrize("normalisation", [Standardised, RankNormal])
def test_what_a_normalisation_learned_is_stored_and_holds_for_other_rows(
    normalisation: type[Standardised] | type[RankNormal],
) -> None:
    generator = np.random.default_rng(0)
    source, target = generator.lognormal(size=(50, 3)), generator.lognormal(size=(4, 3))
    learned = normalisation.fit(source)
    stored = normalisation.from_tensors(learned.tensors())
    assert np.array_equal(stored.apply(target), learned.apply(target))
    assert np.allclose(learned.apply(np.concatenate([source, target]))[-4:], learned.apply(target))


def test_a_table_without_a_score_is_refused() -> None:
    with pytest.raises(TableError, match="there is not one score among 6"):
        proxy_encoding(CHOICES, np.full((6, 1), np.nan))
    with pytest.raises(TableError, match="6 architectures need as many rows"):
        proxy_encoding(CHOICES, np.zeros((5, 1)))


def test_a_normalisation_is_learned_on_the_given_architectures_alone() -> None:
    scores = np.array([1.0, 2.0, 3.0, 50.0, 60.0, 70.0])[:, None]
    encoding = Union(Vec(SPACE), proxy_encoding(CHOICES, scores)).fitted(CHOICES[:3])
    assert encoding.encode(CHOICES[:3])[:, -1].mean() == pytest.approx(0.0)
    assert np.array_equal(encoding.encode(CHOICES)[:, :-1], SPACE.one_hot(CHOICES))


def test_ranks_are_kept_and_ties_share_one_number() -> None:
    values = np.array([3.0, 1.0, 2.0, 2.0, 9.0])[:, None]
    normal = RankNormal.fit(values).apply(values)[:, 0]
    assert normal[2] == normal[3]
    assert np.array_equal(np.argsort(normal, kind="stable"), np.argsort(values[:, 0], kind="stable"))


def test_an_encoding_on_other_columns_is_refused_by_naming_them() -> None:
    encoding = proxy_encoding(CHOICES, np.arange(12.0).reshape(6, 2), ["flops", "snip"])
    encoding.require(("flops", "snip"))
    with pytest.raises(EncodingError, match=r"reads flops, jacov in this order; .* lacks jacov and has snip"):
        encoding.require(("flops", "jacov"))
    with pytest.raises(EncodingError, match="has another order"):
        encoding.require(("snip", "flops"))


@pytest.mark.parametrize("name", ENCODING_PARTS)
def test_an_encoding_is_made_of_the_parts_in_its_name(name: str) -> None:
    scores = {
        "zcp": proxy_encoding(CHOICES, np.arange(12.0).reshape(6, 2), ["flops", "snip"]),
        "hwl": LookupEncoding("hwl", CHOICES, np.arange(6.0)[:, None], ["board"]),
    }
    encoding = make_encoding(name, SPACE, scores.__getitem__)
    assert encoding.name == name
    assert encoding.encode(CHOICES).shape == (6, encoding.width)
    assert encoding.width == sum({"vec": 5, "zcp": 2, "hwl": 1}[part] for part in ENCODING_PARTS[name])


def test_an_unknown_encoding_is_answered_with_the_nearest() -> None:
    with pytest.raises(EncodingError, match="no encoding 'zcpvek'; try zcpvec"):
        make_encoding("zcpvek", SPACE, {}.__getitem__)


def test_an_archive_of_scores_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "scores.npz", arch=CHOICES, score=np.arange(12.0).reshape(6, 2))
    assert load_proxy_encoding(tmp_path / "scores.npz", SPACE).encode(CHOICES).shape == (6, 2)
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    with pytest.raises(TableError, match="is no table"):
        load_proxy_encoding(tmp_path / "broken.npz", SPACE)
    np.savez(tmp_path / "named.npz", arch=CHOICES, score=np.ones((6, 2)), proxy=np.array(["flops"]))
    with pytest.raises(TableError, match="1 names in proxy do not fit 2 columns of score"):
        load_proxy_encoding(tmp_path / "named.npz", SPACE)
