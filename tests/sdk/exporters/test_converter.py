"""The process that converts: one for many networks, ahead of the measuring, and what follows when it fails."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.errors import ExportError, OutputFileError
from edgeprof.exporters import process_link
from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.converter import MAX_AHEAD_COUNT, Converter
from edgeprof.exporters.onnx import OnnxExporter
from edgeprof.exporters.process_link import ConverterProcess
from edgeprof.exporters.registry import load_exporter
from edgeprof_predictor.spaces import get_space

SPACE = get_space("nasbench201")
TEXTS = [
    f"|{operator}~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
    for operator in ("nor_conv_1x1", "avg_pool_3x3", "skip_connect")
]
ODD_EXPORTER = """
import os, signal, sys, time
import numpy as np
from edgeprof.exporters.base import Exporter

class OddExporter(Exporter):
    name = "odd"
    model_format = "onnx"
    precisions = ("float32",)
    suffixes = (".odd", ".weights")

    def version(self): return "1"

    def missing(self): return None

    def export(self, network, folder, precision):
        print("printed by the converter", flush=True)
        kind = os.environ["ODD_EXPORTER"]
        if kind == "crash":
            print("the last words", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        if kind == "hang":
            time.sleep(60)
        if kind == "raise":
            raise KeyError("no such operator\\nand more lines")
        files = tuple(folder / f"model{suffix}" for suffix in self.suffixes)
        for path in files:
            path.write_bytes(str(os.getpid()).encode())
        self.output = network.outputs()
        return files

    def run(self, files, inputs):
        shift = 1 if os.environ["ODD_EXPORTER"] == "disagree" else 0
        return tuple(np.roll(item, shift) for item in self.output)
"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExportChoice:
    """The exporter of another package, which does what the variable ODD_EXPORTER says."""
    folder = tmp_path / "package"
    information = folder / "odd-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[edgeprof.exporters]\nodd = odd_exporter:OddExporter\n")
    (folder / "odd_exporter.py").write_text(ODD_EXPORTER)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("ODD_EXPORTER", "")
    return ExportChoice(load_exporter("odd"), "float32")


@pytest.fixture
def converter(odd: ExportChoice, tmp_path: Path) -> Iterator[Converter]:
    with Converter(odd, SPACE, tmp_path / "models") as made:
        yield made


def test_one_process_converts_many_networks_and_keeps_all_files(converter: Converter) -> None:
    first, second = converter.convert(TEXTS[0]), converter.convert(TEXTS[1])
    assert [path.suffix for path in first] == [".odd", ".weights"]
    assert {path.read_bytes() for path in (*first, *second)} == {first[0].read_bytes()}
    assert first[0] != second[0]


def test_converters_of_one_folder_share_a_process_until_the_last_is_closed(odd: ExportChoice, tmp_path: Path) -> None:
    with Converter(odd, SPACE, tmp_path / "models") as first:
        with Converter(odd, SPACE, tmp_path / "models") as second:
            process_ids = {first.convert(TEXTS[0])[0].read_bytes(), second.convert(TEXTS[1])[0].read_bytes()}
        process_ids.add(first.convert(TEXTS[2])[0].read_bytes())
    assert len(process_ids) == 1


def test_networks_are_converted_while_the_caller_does_something_else(converter: Converter, tmp_path: Path) -> None:
    converter.prepare(TEXTS)
    deadline = time.monotonic() + 60
    while len(list((tmp_path / "models").glob("*.odd"))) < MAX_AHEAD_COUNT:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # The third was not asked for, so that one that is needed at once need not wait for many.
    converter.convert(TEXTS[2])


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("crash", "ended by SIGSEGV at .*nor_conv_1x1.* for odd: the last words"),
        ("raise", "odd cannot write .*nor_conv_1x1.* in float32: KeyError: 'no such operator"),
        ("disagree", r"odd wrote in float32 differs from torch's by \d+\.\d\d% of .*up to 0\.10% is accepted"),
    ],
)
def test_a_conversion_that_fails_is_one_sentence_and_the_next_one_goes_well(
    kind: str, sentence: str, converter: Converter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ODD_EXPORTER", kind)
    with pytest.raises(ExportError, match=sentence) as raised:
        converter.convert(TEXTS[0])
    assert "\n" not in str(raised.value)
    assert list((tmp_path / "models").glob("*")) == []
    converter.close()
    monkeypatch.setenv("ODD_EXPORTER", "")
    assert converter.convert(TEXTS[0])[0].exists()


def test_a_converter_that_hangs_is_ended(converter: Converter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ODD_EXPORTER", "hang")
    monkeypatch.setattr(process_link, "ConverterProcess", lambda folder: ConverterProcess(folder, timeout_s=8.0))
    with pytest.raises(ExportError, match=r"odd has not converted .* in 8 s; its process was ended"):
        converter.convert(TEXTS[0])


def test_a_folder_that_takes_no_file_is_one_sentence(converter: Converter, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("")
    with pytest.raises(OutputFileError, match="EDGEPROF_CACHE"):
        converter.convert(TEXTS[0])


def test_int8_is_written_by_the_process_and_float32_by_this_one(tmp_path: Path) -> None:
    with Converter(ExportChoice(OnnxExporter(), "int8"), SPACE, tmp_path) as converter:
        (int8,) = converter.convert(TEXTS[0])
    with Converter(ExportChoice(OnnxExporter(), "float32"), SPACE, tmp_path) as converter:
        # Those that are needed next are there when this returns, but no more than a device is worth waiting for.
        converter.prepare(TEXTS)
        assert len(set(tmp_path.glob("*.onnx")) - {int8}) == MAX_AHEAD_COUNT
    with Converter(ExportChoice(OnnxExporter(), "float32"), SPACE, tmp_path / "other", is_ahead=False) as converter:
        converter.prepare(TEXTS)
        assert not (tmp_path / "other").exists()
