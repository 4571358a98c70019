"""Each converter on networks of each kind of search space: the files compute what torch does, on the host's engine."""

import time
from pathlib import Path

import pytest

from edgeprof.exporters.choice import ExportChoice
from edgeprof.exporters.converter import Converter
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


@pytest.mark.timeout(300)
def test_the_converter_is_imported_once_for_many_networks(tmp_path: Path) -> None:
    space = get_space("nasbench201")
    texts = [space.format(item) for item in space.sample(3, seed=1)]
    seconds = []
    with Converter(ExportChoice(load_exporter("tflite"), "float32"), space, tmp_path) as converter:
        for text in texts:
            begin_s = time.monotonic()
            converter.convert(text)
            seconds.append(time.monotonic() - begin_s)
    assert max(seconds[1:]) < seconds[0]
