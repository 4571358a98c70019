"""ONNX files in each precision: what they compute, what they are named after, and calibration data."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgeprof.errors import ExportError
from edgeprof.exporters.agreement import TOLERANCES, relative_difference
from edgeprof.exporters.conversion import Conversion, convert, files_of
from edgeprof.exporters.networks import build_network, synthetic_inputs
from edgeprof.exporters.onnx import OnnxExporter, export_architecture
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.shared.onnx_graph import read_model
from edgeprof_proto.shared.onnx_precision import precision_of

SPACE = get_space("nasbench201")
TEXT = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|"


def conversion_of(precision: str, calibration: str = "") -> Conversion:
    return Conversion(
        exporter="onnx", precision=precision, space=SPACE.name, architecture=TEXT, calibration=calibration
    )


@pytest.mark.parametrize("precision", OnnxExporter.precisions)
def test_a_file_computes_what_the_network_does_in_its_precision(precision: str, tmp_path: Path) -> None:
    exporter = OnnxExporter()
    files = convert(conversion_of(precision), exporter, SPACE, tmp_path / "models")
    assert precision_of(read_model(files[0])) == precision
    network = build_network(SPACE, SPACE.parse(TEXT), batch_size=1, inputs=synthetic_inputs(SPACE))
    (expected,), values = network.outputs(), network.input_values()
    (found,) = exporter.run(files, values)
    assert 0 < relative_difference(found, expected) < TOLERANCES[precision] / 2
    # The weights of the classifier alone do not make the output: the network answers another input differently.
    (other,) = exporter.run(files, {name: -value for name, value in values.items()})
    assert relative_difference(other, found) > 0.01
    names = {item.key: item.value for item in onnx.load(str(files[0])).metadata_props}
    assert (names["edgeprof.space"], names["edgeprof.architecture"]) == (SPACE.name, TEXT)
    written = files[0].stat()
    assert convert(conversion_of(precision), exporter, SPACE, tmp_path / "models") == files
    assert files[0].stat() == written


def test_the_float32_file_is_the_one_that_export_architecture_writes(tmp_path: Path) -> None:
    path = export_architecture(SPACE, SPACE.parse(TEXT), tmp_path)
    assert (path,) == files_of(conversion_of("float32"), OnnxExporter(), SPACE, tmp_path)


def test_calibration_data_of_the_users_scale_the_integers(tmp_path: Path) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, image=synthetic_inputs(SPACE)[:2] * 40)
    exporter = OnnxExporter()
    synthetic = convert(conversion_of("int8"), exporter, SPACE, tmp_path)
    own = convert(conversion_of("int8", str(data)), exporter, SPACE, tmp_path)
    assert own != synthetic
    np.savez(data, image=synthetic_inputs(SPACE)[:2] * 41)
    assert files_of(conversion_of("int8", str(data)), exporter, SPACE, tmp_path) not in (own, synthetic)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("no archive")


def two_arrays(path: Path) -> None:
    np.savez(path, a=np.zeros(3), b=np.zeros(3))


def other_shape(path: Path) -> None:
    np.savez(path, image=np.zeros((2, 3, 8, 8), np.float32))


def not_finite(path: Path) -> None:
    np.savez(path, image=np.full((1, *SPACE.input_shape), np.nan, np.float32))


def objects(path: Path) -> None:
    np.savez(path, image=np.array([{}]))


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (lambda path: None, "cannot be read"),
        (empty, "no archive of NumPy's"),
        (text, "no archive of NumPy's"),
        (two_arrays, "need one array, or one called 'image'; found: a, b"),
        (other_shape, r"float32 of shape \(2, 3, 8, 8\); nasbench201 takes numbers of shape n x 3 x 32 x 32"),
        (not_finite, "not finite"),
        (objects, "no archive of NumPy's"),
    ],
)
def test_calibration_data_that_cannot_be_used_are_one_sentence(
    write: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    data = tmp_path / "data.npz"
    write(data)
    with pytest.raises(ExportError, match=sentence):
        convert(conversion_of("int8", str(data)), OnnxExporter(), SPACE, tmp_path)
