"""The files of a model on the host: the one that a user names, and those that belong to it and lie beside it.

An `.xml` has its weights in a `.bin` of the same name, so has a `.param`, and an ONNX file may keep data in further
files that it names. What a `.param` does not tell of its inputs may lie beside it in `NAME.param.inputs.json`.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import ModelFileError
from edgeprof_proto.records.validation import RecordError
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import NCNN, ONNX, OPENVINO_IR, ModelFormatError, format_of, recognise_format
from edgeprof_proto.shared.onnx_fields import ModelContentError
from edgeprof_proto.shared.onnx_walk import MAX_MODEL_BYTES, read_data_parts
from edgeprof_proto.shared.plain_file import map_plain_file, open_plain_file, read_plain_file

if TYPE_CHECKING:
    from edgeprof_proto.records.model_manifest import ManifestInput, ModelManifest
    from edgeprof_proto.shared.onnx_walk import DataPart

_MAX_PART_BYTES = 2**40
_MAX_INPUTS_BYTES = 2**20
_BLOCK_BYTES = 2**20

_PAIRS = {OPENVINO_IR: ("model.xml", "model.bin"), NCNN: ("model.param", "model.bin")}
"""Names of the two files of a model on the device: equal models are equal, whatever their files are called here."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on the host.

    Args:
        main: The file that the user named.
        model_format: Its format; empty where it is not known.
        others: Further files by the name that they have on the device.
        main_name: Name of the main file on the device, where there are others.
        inputs: Inputs that the files do not tell of themselves.
    """

    main: Path
    model_format: str = ""
    others: Mapping[str, Path] = field(default_factory=dict)
    main_name: str = ""
    inputs: "tuple[ManifestInput, ...]" = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file of the model, the main one first."""
        return (self.main, *self.others.values())

    def manifest(self) -> "ModelManifest | None":
        """Return the manifest of the model; None for a model of one file.

        Raises:
            ModelFileError: If a file cannot be read, or has a name that no device takes.
        """
        if not self.others:
            return None
        from edgeprof_proto.records.model_manifest import ManifestFile, ModelManifest

        named = {self.main_name: self.main, **self.others}
        try:
            files = tuple(
                ManifestFile(name=name, sha256=file_sha256(path), size_bytes=path.stat().st_size)
                for name, path in named.items()
            )
            return ModelManifest(format=self.model_format, files=files, inputs=self.inputs)
        except (OSError, RecordError) as error:
            raise ModelFileError(f"{self.main}: the files of the model cannot be named: {error}") from error

    def sha256(self) -> str:
        """Return the SHA-256 that names the model on a device.

        Raises:
            ModelFileError: If a file cannot be read.
        """
        manifest = self.manifest()
        if manifest is not None:
            return hashlib.sha256(manifest.to_bytes()).hexdigest()
        return file_sha256(self.main)


def find_model_files(
    path: str | os.PathLike[str], model_formats: Sequence[str] = (), runtime: str = "the runtime"
) -> ModelFiles:
    """Find the files of a model, and check that it is one.

    Args:
        path: The main file.
        model_formats: Formats that the runtime on the device reads. Where they are not known, only those files are
            refused that no runtime is given: archives, programs, pointers, web pages, empty files.
        runtime: The runtime, in words.

    Raises:
        ModelFileError: If a file cannot be read or is missing, or it is no model of these formats.
    """
    path = Path(path)
    try:
        content = map_plain_file(path, max_bytes=MAX_MODEL_BYTES)
        checked = format_of(content, model_formats, runtime)
        found = checked or recognise_format(bytes(content[:HEAD_BYTES])) or ""
        if found in _PAIRS:
            return _pair(path, found)
        if checked == ONNX:
            found_now = path.stat()
            return _with_data(path, _data_parts(path, found_now.st_ino, found_now.st_mtime_ns, found_now.st_size))
    except OSError as error:
        raise ModelFileError(f"cannot read the model {path}: {error.strerror}") from error
    except (ModelContentError, ModelFormatError) as error:
        raise ModelFileError(f"{path}: {error}") from error
    return ModelFiles(path, found)


def inputs_path(path: Path) -> Path:
    """Return where a model's inputs are told of that its files do not tell of.

    Args:
        path: The main file of the model.
    """
    return path.with_name(f"{path.name}.inputs.json")


def write_inputs(path: Path, inputs: "Iterable[ManifestInput]") -> Path:
    """Write the inputs of a model beside it, for `find_model_files`.

    Args:
        path: The main file of the model.
        inputs: The inputs.

    Returns:
        The file.
    """
    inputs_path(path).write_text(json.dumps([asdict(item) for item in inputs]) + "\n", encoding="utf-8")
    return inputs_path(path)


def file_blocks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks.

    Args:
        path: The file.

    Raises:
        OSError: If it cannot be read.
    """
    with open_plain_file(path, max_bytes=_MAX_PART_BYTES) as file:
        while block := file.read(_BLOCK_BYTES):
            yield block


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Args:
        path: The file.

    Raises:
        ModelFileError: If it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for block in file_blocks(path):
            digest.update(block)
    except OSError as error:
        raise ModelFileError(f"cannot read the model's file {path}: {error.strerror}") from error
    return digest.hexdigest()


def _pair(path: Path, model_format: str) -> ModelFiles:
    main_name, other_name = _PAIRS[model_format]
    weights = path.with_suffix(".bin")
    if not weights.exists():
        raise ModelFileError(f"{path}: its weights are missing, which belong beside it: {weights.name}")
    return ModelFiles(path, model_format, {other_name: weights}, main_name, _read_inputs(path))


@lru_cache(maxsize=256)
def _data_parts(path: Path, *_: int) -> "tuple[DataPart, ...]":
    """Return what an ONNX file says of its data; it is read once, since a session measures each file again and again.

    Args:
        path: The file.
        _: What tells it from one that has taken its place.
    """
    return read_data_parts(map_plain_file(path, max_bytes=MAX_MODEL_BYTES))


def _with_data(path: Path, parts: "tuple[DataPart, ...]") -> ModelFiles:
    names = sorted({part.file_name for part in parts})
    others = {name: path.parent / name for name in names}
    # What leads into another folder, or is not there, is refused with what to do.
    sizes = {
        name: other.stat().st_size
        for name, other in others.items()
        if name and Path(name).name == name and other.is_file()
    }
    for part in parts:
        part.check(sizes)
    main_name = "model.onnx" if "model.onnx" not in others else "model_main.onnx"
    return ModelFiles(path, ONNX, others, main_name)


def _read_inputs(path: Path) -> "tuple[ManifestInput, ...]":
    told = inputs_path(path)
    if not told.exists():
        return ()
    from edgeprof_proto.records.model_manifest import ManifestInput

    try:
        items = json.loads(read_plain_file(told, max_bytes=_MAX_INPUTS_BYTES))
        return tuple(ManifestInput(**{**item, "sizes": tuple(item["sizes"])}) for item in items)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelFileError(f"{told} does not tell the inputs of the model: {error}; remove or correct it") from error
