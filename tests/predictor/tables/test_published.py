from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeprof_predictor.errors import EncodingError, TableError
from edgeprof_predictor.spaces import SPACE_NAMES, get_space
from edgeprof_predictor.tables.published import load_latency_table, load_table_with_space, space_of_table


def write(path: Path, arch: object) -> Path:
    latency_ms = np.array([[1.0, 2.0]], dtype=np.float32)
    np.savez(path, arch=np.array(arch), device=np.array(["pixel3"]), latency_ms=latency_ms)
    return path


def test_integer_columns_are_a_space_of_their_own(tmp_path: Path) -> None:
    table = load_latency_table(write(tmp_path / "table.npz", [[0, 2], [1, 0]]))
    assert table.choices.tolist() == [[0, 2], [1, 0]]
    assert space_of_table("table", table.choices).choice_counts == (2, 3)


def test_a_table_of_integers_that_no_one_knows_is_named_after_its_file(tmp_path: Path) -> None:
    space, table = load_table_with_space(write(tmp_path / "mine.npz", [[0, 2], [1, 0]]))
    assert (space.name, space.choice_counts) == ("mine", (2, 2))
    assert table.choices.tolist() == [[0, 1], [1, 0]]
    assert space.costs(table.choices) is None


@pytest.mark.parametrize("kind", [np.int16, np.uint8, np.int64])
def test_the_values_of_a_column_are_its_options_whatever_they_are(tmp_path: Path, kind: type[np.integer[Any]]) -> None:
    columns = np.array([[224, 7], [128, 0], [160, 7]]).astype(kind)
    latency_ms = np.array([[3.0, 1.0, 2.0]])
    np.savez(tmp_path / "mine.npz", arch=columns, device=np.array(["pixel3"]), latency_ms=latency_ms)
    space, table = load_table_with_space(tmp_path / "mine.npz")
    assert space.choice_counts == (3, 2)
    assert table.choices.tolist() == [[2, 1], [0, 0], [1, 1]]
    assert [space.format(one) for one in space.architectures(table.choices)] == ["224,7", "128,0", "160,7"]
    assert space.one_hot(table.choices).shape == (3, 5)


@pytest.mark.parametrize("low", [-3, 0, 2_000_000])
def test_more_than_127_distinct_values_are_options_too(tmp_path: Path, low: int) -> None:
    columns = np.stack([low + np.arange(300), np.arange(300) % 2], axis=1)
    latency_ms = np.linspace(1.0, 2.0, 300)[None]
    np.savez(tmp_path / "mine.npz", arch=columns, device=np.array(["pixel3"]), latency_ms=latency_ms)
    space, table = load_table_with_space(tmp_path / "mine.npz")
    assert space.choice_counts == (300, 2)
    assert table.choices[299].tolist() == [299, 1]
    assert space.parse(f"{low + 299},1").choices == (299, 1)
    assert np.array_equal(space.choices(space.architectures(table.choices)), table.choices)
    assert np.array_equal(space.sample_choices(600, seed=0).max(axis=0), [299, 1])


def test_a_column_that_numbers_the_architectures_is_refused_by_name(tmp_path: Path) -> None:
    columns = np.stack([np.arange(2000) % 2, np.arange(2000)], axis=1)
    latency_ms = np.linspace(1.0, 2.0, 2000)[None]
    np.savez(tmp_path / "mine.npz", arch=columns, device=np.array(["pixel3"]), latency_ms=latency_ms)
    with pytest.raises(EncodingError, match=r"column 1 has 2000 distinct values.* leave the column out"):
        load_table_with_space(tmp_path / "mine.npz")


@pytest.mark.parametrize("name", SPACE_NAMES)
def test_integers_without_names_are_a_space_of_their_own_however_many_columns_they_have(
    tmp_path: Path, name: str
) -> None:
    choices = get_space(name).sample_choices(2, seed=0)
    assert load_table_with_space(write(tmp_path / "mine.npz", choices))[0].name == "mine"


def test_texts_tell_their_space_by_their_notation(tmp_path: Path) -> None:
    for name in SPACE_NAMES:
        architectures = get_space(name).sample(2, seed=0)
        texts = [get_space(name).format(one) for one in architectures]
        space, table = load_table_with_space(write(tmp_path / "table.npz", texts))
        assert space is get_space(name)
        assert table.choices.tolist() == space.choices(architectures).tolist()


@pytest.mark.parametrize("name", ["nasbench201", "fbnet", "transnasbench101_macro", "transnasbench101_micro"])
def test_integers_tell_their_space_by_the_names_of_the_options_in_any_order(tmp_path: Path, name: str) -> None:
    known = get_space(name)
    choices = known.sample_choices(2, seed=0)
    order = np.roll(np.arange(len(known.option_names)), 2)
    path = write(tmp_path / "table.npz", np.argsort(order)[choices])
    arrays = dict(np.load(path))
    np.savez(path, **arrays, op=np.array(known.option_names)[order])
    space, table = load_table_with_space(path)
    assert space is known
    assert np.array_equal(table.choices, choices)


def test_integers_with_options_of_a_known_space_but_other_columns_are_a_space_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path / "table.npz", [[0, 2], [1, 0]])
    np.savez(path, **dict(np.load(path)), op=np.array(get_space("fbnet").option_names))
    assert load_table_with_space(path)[0].name == "table"


def test_a_space_that_is_named_must_fit(tmp_path: Path) -> None:
    with pytest.raises(EncodingError, match="must be n x 6"):
        load_table_with_space(write(tmp_path / "table.npz", [[0, 2], [1, 0]]), get_space("nasbench201"))


def test_a_missing_file_is_answered_with_those_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "latency_fbnet.npz", [[0, 2], [1, 0]])
    with pytest.raises(TableError, match=r"there is no file .*latency_fbnt.npz; the nearest .* latency_fbnet.npz"):
        load_latency_table(tmp_path / "latency_fbnt.npz")
    with pytest.raises(TableError, match=r"there is no file .*table.npz$"):
        load_latency_table(tmp_path / "nosuch" / "table.npz")


def test_texts_are_parsed_by_their_space(tmp_path: Path) -> None:
    space = get_space("nasbench201")
    architectures = space.sample(2, seed=0)
    path = write(tmp_path / "table.npz", [space.format(one) for one in architectures])
    assert load_latency_table(path, space).choices.tolist() == space.choices(architectures).tolist()


def test_texts_without_a_space_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="matrix of integers"):
        load_latency_table(write(tmp_path / "table.npz", ["a", "b"]))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(TableError, match="is no table"):
        load_latency_table(path)


def test_an_archive_without_latencies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    np.savez(path, arch=np.zeros((2, 2), dtype=np.int8))
    with pytest.raises(TableError, match="device"):
        load_latency_table(path)


def test_a_pickled_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    np.savez(path, arch=np.array([object()], dtype=object), device=np.array(["a"]), latency_ms=np.ones((1, 1)))
    with pytest.raises(TableError, match="is no table"):
        load_latency_table(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04"])
def test_an_archive_that_was_cut_short_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.npz"
    path.write_bytes(content)
    with pytest.raises(TableError, match="is no table"):
        load_latency_table(path)


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "table.npy", np.ones(3))
    with pytest.raises(TableError, match="it holds a single array"):
        load_latency_table(tmp_path / "table.npy")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"latency_ms": np.array([["fast", "slow"]])}, "latency_ms must be numbers"),
        ({"latency_ms": np.array([[1.0, 2.0j]])}, "latency_ms must be numbers"),
        ({"device": np.array("pixel3")}, "device must be a list of names"),
        ({"device": np.array([3])}, "device must be a list of names"),
    ],
)
def test_arrays_of_another_kind_are_refused(tmp_path: Path, wrong: dict[str, Any], reason: str) -> None:
    path = tmp_path / "table.npz"
    arrays = {"arch": np.array([[0], [1]]), "device": np.array(["pixel3"]), "latency_ms": np.array([[1.0, 2.0]])}
    np.savez(path, **(arrays | wrong))
    with pytest.raises(TableError, match=reason):
        load_latency_table(path)


def test_no_flipped_byte_ends_in_anything_but_a_table_error(tmp_path: Path) -> None:
    path = tmp_path / "table.npz"
    latency_ms = np.linspace(1.0, 2.0, 40)[None, :]
    np.savez_compressed(path, arch=np.arange(80).reshape(40, 2), device=np.array(["pixel3"]), latency_ms=latency_ms)
    content = path.read_bytes()
    refused = 0
    for position in range(0, len(content), 5):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            # Some bytes, dates for one, do not matter; what is read must then be right.
            assert np.array_equal(load_latency_table(path).latency_ms, latency_ms)
        except TableError:
            refused += 1
    assert refused > len(content) / 5 / 2
