"""Each converter on networks of each kind of space and on users' modules: what it writes computes what torch does."""

from pathlib import Path

import pytest

from edgeprof.errors import ExportError
from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.converter import Converter
from edgeprof.exporters.module_converter import ModuleConverter, ModuleExports
from edgeprof.exporters.registry import load_exporter
from edgeprof_predictor.spaces import get_space
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import recognise_format

CASES = [("tflite", "float32"), ("tflite", "int8"), ("ncnn", "float32")]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "precision"), CASES)
@pytest.mark.parametrize("space_name", ["nasbench201", "fbnet", "nasbench301"])
def test_a_network_of_a_space_is_converted(name: str, precision: str, space_name: str, tmp_path: Path) -> None:
    exporter, space = load_exporter(name), get_space(space_name)
    text = space.format(space.sample(1, seed=0)[0])
    # What disagrees with torch raises.
    with Converter(ExportChoice(exporter, precision), space, tmp_path) as converter:
        files = converter.convert(text)
    assert [path.suffix for path in files] == list(exporter.suffixes)
    assert recognise_format(files[0].read_bytes()[:HEAD_BYTES]) == exporter.model_format


MODULES = """
import torch
from torch import nn

class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.dense = nn.Conv2d(3, 4, 3), nn.Linear(5, 4)

    def forward(self, image, facts):
        return self.conv(image).mean((2, 3)) + self.dense(facts), torch.relu(self.dense(facts))

class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(50, 8)

    def forward(self, ids, mask):
        return self.table(ids) * mask[..., None]

def encoder():
    return Encoder(), (torch.arange(6).reshape(1, 6), torch.ones(1, 6))
"""
PAIR = {"image": (1, 3, 9, 8), "facts": (1, 5)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "precision", "callable_name", "shapes"),
    [
        ("tflite", "float32", "Pair", PAIR),
        ("tflite", "int8", "Pair", PAIR),
        ("tflite", "float32", "encoder", {}),
        ("ncnn", "float32", "Pair", PAIR),
    ],
)
def test_a_users_module_with_several_inputs_is_converted(
    name: str,
    precision: str,
    callable_name: str,
    shapes: dict[str, tuple[int, ...]],
    tmp_path: Path,
) -> None:
    (tmp_path / "net.py").write_text(MODULES)
    choice = ExportChoice(load_exporter(name), precision)
    with ModuleConverter(ModuleExports(tmp_path)) as converter:
        exported = converter.convert(f"{tmp_path / 'net.py'}:{callable_name}", choice, shapes=shapes)
    assert exported.input_names == (("ids", "mask") if callable_name == "encoder" else ("image", "facts"))
    assert recognise_format(exported.files[0].read_bytes()[:HEAD_BYTES]) == choice.exporter.model_format


def test_ncnn_takes_no_integers(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODULES)
    choice = ExportChoice(load_exporter("ncnn"), "float32")
    with (
        ModuleConverter(ModuleExports(tmp_path)) as converter,
        pytest.raises(ExportError, match=r"'ids' is torch\.int64 of shape"),
    ):
        converter.convert(f"{tmp_path / 'net.py'}:encoder", choice)
