"""A manifest has one form only, and nothing in it leads out of the folder of its model."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeprof_proto.records.model_manifest import ManifestFile, ManifestInput, ModelManifest, is_manifest
from edgeprof_proto.records.validation import RecordError

MANIFEST = ModelManifest(
    format="ncnn",
    files=(
        ManifestFile(name="m.param", sha256="a" * 64, size_bytes=120),
        ManifestFile(name="m.bin", sha256="b" * 64, size_bytes=4_000),
    ),
    inputs=(ManifestInput(name="in0", element_type="float32", sizes=(-1, 3, 32, 32)),),
)


def test_a_manifest_comes_back_from_its_bytes() -> None:
    content = MANIFEST.to_bytes()
    assert content.startswith(b'{"edgeprof_manifest":1,"files":[{"name":"m.param","sha256":"aaa')
    assert is_manifest(content) and not is_manifest(b"{}")
    assert ModelManifest.from_bytes(content) == MANIFEST
    assert MANIFEST.main.name == "m.param"


@pytest.mark.parametrize("name", ["", ".hidden", "..", "a/b", "a\\b", "a\0b", "ä", "a b", "x" * 129, "a\n"])
def test_a_name_that_is_no_plain_name_is_refused(name: str) -> None:
    with pytest.raises(RecordError, match="the name of a model's file must have"):
        dataclasses.replace(MANIFEST.main, name=name)


@pytest.mark.parametrize(
    "change",
    [
        {"files": []},
        {"files": [{"name": "a", "sha256": "a" * 64, "size_bytes": 1}] * 2},
        {"files": [{"name": f"f{n}", "sha256": "a" * 64, "size_bytes": 1} for n in range(65)]},
        {"files": [{"name": "a", "sha256": "A" * 64, "size_bytes": 1}]},
        {"files": [{"name": "a", "sha256": "a" * 64, "size_bytes": 0}]},
        {"files": [{"name": "a", "sha256": "a" * 64, "size_bytes": "1"}]},
        {"format": "../x"},
        {"edgeprof_manifest": 2},
        {"more": 1},
        {"inputs": [{"name": "x", "element_type": "float32", "sizes": [0]}]},
        {"inputs": [{"name": "x", "element_type": "float32", "sizes": [1] * 33}]},
    ],
)
def test_what_is_outside_the_bounds_is_refused(change: dict[str, Any]) -> None:
    content = {**json.loads(MANIFEST.to_bytes()), **change}
    with pytest.raises(RecordError):
        ModelManifest.from_bytes(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 200_000, b" " * 300_000])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(RecordError):
        ModelManifest.from_bytes(content)
    with pytest.raises(RecordError, match="sorted keys"):
        ModelManifest.from_bytes(MANIFEST.to_bytes().replace(b":", b": "))


@settings(max_examples=200, deadline=None)
@given(position=st.integers(0, len(MANIFEST.to_bytes()) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_is_refused_or_another_manifest(position: int, byte: int) -> None:
    content = bytearray(MANIFEST.to_bytes())
    content[position] = byte
    try:
        assert ModelManifest.from_bytes(bytes(content)).to_bytes() == bytes(content)
    except RecordError as error:
        assert "\n" not in str(error)
