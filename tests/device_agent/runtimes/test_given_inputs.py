"""Shapes and values that the host gives come before those that are generated, and must fit the model."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgeprof_agent.errors import ModelRejectedError, SettingNotSupportedError
from edgeprof_agent.models.signature import InputSignature
from edgeprof_agent.runtimes.generated_inputs import generate_inputs
from edgeprof_agent.runtimes.given_inputs import GivenInputs

SIGNATURE = (
    InputSignature("ids", "int64", ("batch", "length")),
    InputSignature("image", "float32", ("batch", 3, None, None)),
)


def sizes(batch_size: int = 1, **given: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [item.sizes for item in generate_inputs(SIGNATURE, batch_size, 0, given=GivenInputs(given))[1]]


def archive(folder: Path, values: Mapping[str, Any]) -> GivenInputs:
    np.savez(folder / "inputs.npz", **values)
    return GivenInputs(archive=folder / "inputs.npz")


def test_open_sizes_are_given_by_the_input_or_by_the_dimension() -> None:
    assert sizes(ids=(1, 128), image=(1, 3, 8, 9)) == [(1, 128), (1, 3, 8, 9)]
    assert sizes(batch=(4,), length=(16,), image=(4, 3, 8, 8)) == [(4, 16), (4, 3, 8, 8)]
    assert sizes(2, length=(16,), image=(2, 3, 8, 8)) == [(2, 16), (2, 3, 8, 8)]
    with pytest.raises(ModelRejectedError, match=r"dimension 1 \(length\) open, .*give its size \(--shape\)"):
        sizes(image=(1, 3, 8, 8))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"image": (1, 4, 8, 8)}, r"the shape 1x4x8x8 was given for input 'image', which has the shape \?x3x\?x\?"),
        ({"image": (1, 3, 8)}, "which has the shape"),
        ({"width": (1,)}, r"is called 'width'; there are: 'batch', 'ids', 'image', 'length'"),
        ({"length": (1, 2)}, "is an open dimension and takes one size, got 2"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, tuple[int, ...]], match: str) -> None:
    with pytest.raises(SettingNotSupportedError, match=match):
        sizes(**given)


def test_values_are_used_as_they_are_and_told_as_given(tmp_path: Path) -> None:
    ids = np.arange(6).reshape(2, 3)
    given = archive(tmp_path, {"ids": ids.astype(np.int32), "image": np.ones((2, 3, 4, 4))})
    feeds, told = generate_inputs(SIGNATURE, 1, 0, given=given)
    assert given.is_used
    assert np.array_equal(feeds["ids"], ids) and feeds["ids"].dtype == np.int64
    assert feeds["image"].dtype == np.float32
    assert [(item.is_given, item.sizes, item.lowest_value, item.highest_value) for item in told] == [
        (True, (2, 3), 0, 5),
        (True, (2, 3, 4, 4), None, None),
    ]


def test_inputs_that_are_not_in_the_archive_are_generated(tmp_path: Path) -> None:
    given = archive(tmp_path, {"image": np.ones((1, 3, 4, 4), np.float32)})
    given.shapes = {"length": (7,)}
    told = generate_inputs(SIGNATURE, 1, 0, given=given)[1]
    assert [(item.is_given, item.sizes) for item in told] == [(False, (1, 7)), (True, (1, 3, 4, 4))]


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"pixels": np.ones(3)}, "holds 'pixels', which is no input of the model; its inputs are: 'ids', 'image'"),
        ({"ids": np.ones((1, 3))}, "values given for input 'ids' are float64, which do not fit its type, int64"),
        ({"ids": np.full((1, 3), 2**63, np.uint64)}, "do not fit its type"),
        ({"ids": np.array([["text"]])}, "do not fit its type"),
        ({"ids": np.array([[None]], dtype=object)}, "no archive of NumPy"),
        ({"image": np.ones((1, 4, 2, 2))}, "which has the shape"),
    ],
)
def test_values_that_do_not_fit_are_refused(values: dict[str, Any], match: str, tmp_path: Path) -> None:
    with pytest.raises(SettingNotSupportedError, match=match):
        generate_inputs(SIGNATURE, 1, 0, given=archive(tmp_path, values))


def test_a_shape_that_contradicts_the_values_is_refused(tmp_path: Path) -> None:
    given = archive(tmp_path, {"ids": np.ones((1, 3), np.int64)})
    given.shapes = {"ids": (1, 4)}
    with pytest.raises(SettingNotSupportedError, match="1x4 was given for input 'ids', and values of shape 1x3"):
        generate_inputs(SIGNATURE, 1, 0, given=given)


def test_what_does_not_fit_into_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(SettingNotSupportedError, match="need 1600000 bytes"):
        GivenInputs({"x": (100_000,)}).check_memory(10**6)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("ids.npy", bytes(10**7))
    with pytest.raises(SettingNotSupportedError, match="need 20000000 bytes"):
        GivenInputs(archive=tmp_path / "bomb.npz").check_memory(10**6)
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(SettingNotSupportedError, match="no archive of NumPy"):
        GivenInputs(archive=tmp_path / "text.npz").check_memory(10**6)
