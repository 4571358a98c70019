"""Which texts name a torch module, and which a file."""

from pathlib import Path

import pytest

from edgeprof.network_source import is_network_source


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("net.py:make", True),
        ("some folder/net.py:make", True),
        ("package.module:make", True),
        ("package:Network", True),
        ("model.onnx", False),
        ("net.py", False),
        ("folder/model.tflite", False),
        ("net.py:", False),
        ("C:\\models\\net.onnx", False),
    ],
)
def test_a_name_after_a_colon_makes_a_module(text: str, expected: bool) -> None:
    assert is_network_source(text) == expected


def test_a_file_of_that_name_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model:v1").write_bytes(b"")
    assert not is_network_source("model:v1")
