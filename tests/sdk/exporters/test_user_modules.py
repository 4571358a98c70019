"""Torch modules of users': their inputs from shapes, examples and archives, and what is said without them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from edgeprof.errors import EdgeprofError, ExportError, NetworkSourceError
from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.module_converter import ModuleConverter, ModuleExports
from edgeprof.exporters.onnx import OnnxExporter

MODULES = """
import os
import torch
from torch import nn

print("printed by the user's file")

class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, image):
        return self.dropout(self.layer(image))

class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.layer = nn.Embedding(50, 8), nn.Linear(8, 4)

    def forward(self, ids, mask=None, extra=None):
        rows = self.table(ids)
        return {"rows": rows, "states": (self.layer(rows if mask is None else rows * mask[..., None]), None)}

class WithExample(nn.Sequential):
    example_input = torch.zeros(1, 6)

def encoder():
    return Encoder().double(), {"ids": torch.arange(6).reshape(1, 6), "mask": torch.ones(1, 6, dtype=torch.float64)}

def by_place():
    return Encoder(), (torch.arange(6).reshape(1, 6),)

def with_example():
    return WithExample(nn.Linear(6, 2))

def of_lists():
    return Encoder(), [[1, 2, 3]]

def breaks():
    raise RuntimeError("no weights here")

def crash():
    os.abort()

dense = nn.Linear(6, 2)
"""
FLOAT32, INT8 = ExportChoice(OnnxExporter(), "float32"), ExportChoice(OnnxExporter(), "int8")


@pytest.fixture(scope="module")
def converter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleConverter]:
    with ModuleConverter(ModuleExports(tmp_path_factory.mktemp("models"))) as made:
        yield made


@pytest.fixture
def source(tmp_path: Path) -> Callable[[str], str]:
    (tmp_path / "net.py").write_text(MODULES)
    return lambda name: f"{tmp_path / 'net.py'}:{name}"


def sizes(path: Path) -> dict[str, tuple[int, list[int]]]:
    """Type and shape of each input of an ONNX file."""
    return {
        item.name: (item.type.tensor_type.elem_type, [size.dim_value for size in item.type.tensor_type.shape.dim])
        for item in onnx.load(str(path)).graph.input
    }


FLOAT, INTEGER = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64


@pytest.mark.parametrize(
    ("name", "facts", "expected"),
    [
        ("Classifier", {"shapes": {"image": (1, 3, 9, 8)}}, {"image": (FLOAT, [1, 3, 9, 8])}),
        ("Classifier", {"shapes": {"image": (1, 3, 9, 8)}, "batch_size": 4}, {"image": (FLOAT, [4, 3, 9, 8])}),
        ("encoder", {}, {"ids": (INTEGER, [1, 6]), "mask": (FLOAT, [1, 6])}),
        # Ids that the module takes are repeated.
        (
            "encoder",
            {"shapes": {"ids": (1, 80), "mask": (1, 80)}},
            {"ids": (INTEGER, [1, 80]), "mask": (FLOAT, [1, 80])},
        ),
        ("by_place", {}, {"ids": (INTEGER, [1, 6])}),
        ("with_example", {}, {"input": (FLOAT, [1, 6])}),
        ("dense", {"shapes": {"input": (2, 6)}}, {"input": (FLOAT, [2, 6])}),
    ],
)
def test_a_module_is_exported_with_its_inputs(
    name: str, facts: dict[str, Any], expected: Any, converter: ModuleConverter, source: Callable[[str], str]
) -> None:
    # Dropout in training mode would not agree with itself, hence eval mode is checked as well.
    exported = converter.convert(source(name), FLOAT32, **facts)
    assert sizes(exported.files[0]) == expected
    assert exported.input_names == tuple(expected) and exported.inputs is None


def test_values_in_an_archive_are_examples_too(
    converter: ModuleConverter, source: Callable[[str], str], tmp_path: Path
) -> None:
    np.savez(tmp_path / "inputs.npz", ids=np.arange(5, 14).reshape(1, 9))
    exported = converter.convert(source("Encoder"), FLOAT32, inputs=tmp_path / "inputs.npz")
    assert sizes(exported.files[0]) == {"ids": (INTEGER, [1, 9])}
    assert exported.inputs is not None
    with np.load(exported.inputs) as values:
        np.testing.assert_equal(dict(values), {"ids": np.arange(5, 14).reshape(1, 9)})


def test_values_are_given_in_the_type_of_the_file(
    converter: ModuleConverter, source: Callable[[str], str], tmp_path: Path
) -> None:
    np.savez(tmp_path / "inputs.npz", image=np.ones((1, 3, 9, 8)))
    choice = ExportChoice(OnnxExporter(), "float16")
    exported = converter.convert(source("Classifier"), choice, inputs=tmp_path / "inputs.npz")
    assert exported.inputs is not None
    with np.load(exported.inputs) as values:
        assert values["image"].dtype == np.float16


def test_a_module_is_exported_in_int8_by_synthetic_data_and_by_the_users(
    converter: ModuleConverter, source: Callable[[str], str], tmp_path: Path
) -> None:
    np.savez(tmp_path / "data.npz", image=np.random.default_rng(0).uniform(0, 255, (5, 3, 9, 8)))
    shapes = {"image": (2, 3, 9, 8)}
    with ModuleConverter(ModuleExports(tmp_path), calibration=tmp_path / "data.npz") as other:
        models = [
            onnx.load(str(item.convert(source("Classifier"), INT8, shapes=shapes).files[0]))
            for item in (converter, other)
        ]
    scales = [
        float(onnx.numpy_helper.to_array(item))
        for model in models
        for item in model.graph.initializer
        if item.name == "image_scale"
    ]
    # Of values up to about 4, and up to 255.
    assert scales == [pytest.approx(0.03, rel=0.5), pytest.approx(1.0, rel=0.02)]


@pytest.mark.parametrize(
    ("name", "facts", "error", "sentence"),
    [
        ("Classifier", {}, ExportError, r"nothing tells the inputs of the module \(image\): give the shape of each"),
        ("Classifier", {"shapes": {"x": (1,)}}, ExportError, "takes no 'x'; its inputs are: image"),
        ("Classifier", {"shapes": {"image": (1, 3)}}, ExportError, "does not run with image float32 1x3: RuntimeError"),
        ("Encoder", {"shapes": {"ids": (1, 6)}}, ExportError, r"takes ids or masks, let the callable return \(module"),
        ("of_lists", {}, ExportError, "example of input 'ids' is list, no tensor"),
        ("breaks", {}, NetworkSourceError, "breaks of .* failed: RuntimeError: no weights here"),
        ("nothing", {}, NetworkSourceError, "has no nothing"),
        ("crash", {}, ExportError, "ended by SIGABRT at .*:crash for onnx"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    name: str,
    facts: dict[str, Any],
    error: type[EdgeprofError],
    sentence: str,
    converter: ModuleConverter,
    source: Callable[[str], str],
) -> None:
    with pytest.raises(error, match=sentence) as raised:
        converter.convert(source(name), FLOAT32, **facts)
    assert "\n" not in str(raised.value)
