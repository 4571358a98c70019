"""A model of several files: a manifest names them, with sizes and hashes, and is uploaded as they are.

`{"edgeprof_manifest":1,"files":[{"name":...,"sha256":...,"size_bytes":...}],"format":"ncnn","inputs":[...]}` in UTF-8,
keys sorted, without spaces: equal manifests have equal bytes, and the SHA-256 of the bytes names the model.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from typing import Any

from edgeprof_proto.records.job_spec import MAX_INPUT_COUNT, MAX_INPUT_NAME, MAX_RANK
from edgeprof_proto.records.validation import RecordError, require, require_sha256

MAX_FILE_COUNT = 64
"""Files of one model at most."""

MAX_MANIFEST_BYTES = 256 * 1024
"""Size of a manifest at most, in bytes."""

_KEY = "edgeprof_manifest"
_VERSION = 1
_START = b'{"%s":' % _KEY.encode()
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
_WORD = re.compile(r"[A-Za-z0-9._-]{1,40}")
_FILE_TYPES = {"name": str, "sha256": str, "size_bytes": int}
_INPUT_TYPES = {"name": str, "element_type": str, "sizes": list}
_MAX_BYTES = 2**50
_MAX_SIZE = 2**31 - 1


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFile:
    """One file of a model: its name beside the others, and what it holds."""

    name: str
    sha256: str
    size_bytes: int

    def __post_init__(self) -> None:
        require(
            _FILE_NAME.fullmatch(self.name) is not None,
            "the name of a model's file must have 1 to 128 letters, digits, dots, underscores and hyphens, and no dot "
            f"first, got {self.name[:150]!r}",
        )
        require_sha256(self.sha256)
        require(1 <= self.size_bytes <= _MAX_BYTES, f"size_bytes of {self.name} must be >= 1, got {self.size_bytes}")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ManifestInput:
    """An input that the files do not tell of themselves; a size of -1 is open."""

    name: str
    element_type: str
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        is_text = 1 <= len(self.name) <= MAX_INPUT_NAME and not any("\ud800" <= char <= "\udfff" for char in self.name)
        require(is_text, f"the name of an input must have 1 to {MAX_INPUT_NAME} characters, got {self.name[:80]!r}")
        require(_WORD.fullmatch(self.element_type) is not None, f"element_type {self.element_type[:80]!r} is no type")
        is_valid = len(self.sizes) <= MAX_RANK and all(size == -1 or 1 <= size <= _MAX_SIZE for size in self.sizes)
        require(is_valid, f"input {self.name!r} must have sizes of 1 or more, or -1, {MAX_RANK} at most")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ModelManifest:
    """The files of one model, the main one first, and its format."""

    format: str
    files: tuple[ManifestFile, ...]
    inputs: tuple[ManifestInput, ...] = ()

    def __post_init__(self) -> None:
        require(_WORD.fullmatch(self.format) is not None, f"format {self.format[:80]!r} is no name of a format")
        require(
            1 <= len(self.files) <= MAX_FILE_COUNT, f"a model has 1 to {MAX_FILE_COUNT} files, got {len(self.files)}"
        )
        names = [file.name for file in self.files]
        require(len(set(names)) == len(names), "a manifest names a file twice")
        require(len(self.inputs) <= MAX_INPUT_COUNT, f"a manifest tells of {MAX_INPUT_COUNT} inputs at most")
        inputs = [item.name for item in self.inputs]
        require(len(set(inputs)) == len(inputs), "a manifest names an input twice")

    @property
    def main(self) -> ManifestFile:
        """The file that a runtime is given; the others lie beside it."""
        return self.files[0]

    def to_bytes(self) -> bytes:
        """Return the manifest as it is uploaded."""
        content = {_KEY: _VERSION, **dataclasses.asdict(self)}
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> "ModelManifest":
        """Read an uploaded manifest.

        Args:
            content: All its bytes.

        Raises:
            RecordError: If it is none, is too large, or is not written as `to_bytes` does.
        """
        require(len(content) <= MAX_MANIFEST_BYTES, f"a manifest has {MAX_MANIFEST_BYTES} bytes at most")
        try:
            found: Any = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise RecordError(f"the manifest is not JSON: {error}") from error
        require(isinstance(found, dict), "a manifest must be a JSON object")
        version = found.pop(_KEY, None)
        require(version == _VERSION, f"the manifest is of version {version!r:.20}, this edgeprof reads {_VERSION}")
        fields = _checked(found, {"format": str, "files": list, "inputs": list})
        files = [ManifestFile(**_checked(item, _FILE_TYPES)) for item in fields["files"][: MAX_FILE_COUNT + 1]]
        inputs = [_input_of(_checked(item, _INPUT_TYPES)) for item in fields["inputs"][: MAX_INPUT_COUNT + 1]]
        manifest = cls(format=fields["format"], files=tuple(files), inputs=tuple(inputs))
        require(manifest.to_bytes() == content, "the manifest is not written with sorted keys and without spaces")
        return manifest


def is_manifest(head: bytes) -> bool:
    """Return whether an uploaded file is a manifest.

    Args:
        head: Its first bytes.
    """
    return head.startswith(_START)


def _checked(found: Any, types: Mapping[str, type]) -> dict[str, Any]:
    """Return an object of the JSON after checking that it has these fields, of these types, and no other."""
    is_whole = isinstance(found, dict) and found.keys() == types.keys()
    require(is_whole, f"a manifest holds an object that has not just the fields {', '.join(types)}")
    for name, wanted in types.items():
        require(type(found[name]) is wanted, f"{name} in a manifest must be {wanted.__name__}")
    fields: dict[str, Any] = found
    return fields


def _input_of(fields: Mapping[str, Any]) -> ManifestInput:
    require(all(type(size) is int for size in fields["sizes"]), "sizes in a manifest must be whole numbers")
    return ManifestInput(name=fields["name"], element_type=fields["element_type"], sizes=tuple(fields["sizes"]))
