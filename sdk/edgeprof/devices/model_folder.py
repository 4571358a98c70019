"""The models in a folder of a user's."""

from contextlib import suppress
from pathlib import Path

from edgeprof.devices.model_files import find_model_files
from edgeprof.errors import ModelFileError
from edgeprof_proto.shared.file_kind import HEAD_BYTES
from edgeprof_proto.shared.model_formats import NCNN, ONNX, OPENVINO_IR, TFLITE, recognise_format
from edgeprof_proto.shared.plain_file import open_plain_file

_SUFFIXES = (".onnx", ".tflite")
"""Files of these names are models, also where their content is damaged, which is then said."""

_RECOGNISED = frozenset({TFLITE, OPENVINO_IR, NCNN})
"""Formats whose first bytes no other file has. Of ONNX they say little, so that the name decides."""

_PNNX_SUFFIX = ".pnnx.param"
"""What pnnx leaves beside a model for ncnn begins as that does, and is none."""

_MAX_BYTES = 2**40


def models_in(folder: Path) -> list[Path]:
    """Return the main files of the models directly in a folder, by name.

    Files that belong to a model are none of their own: weights in a `.bin`, data of an ONNX file, `.inputs.json`.

    Args:
        folder: The folder.

    Raises:
        ModelFileError: If it cannot be read, or holds no model.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise ModelFileError(f"cannot read the folder {folder}: {error.strerror}") from error
    found = [path for path in paths if _is_model(path)]
    parts = {part for path in found for part in _parts(path)}
    models = [path for path in found if path not in parts]
    if not models:
        raise ModelFileError(
            f"the folder {folder} holds no model: .onnx and .tflite files, .xml files of OpenVINO and .param files of "
            "ncnn that lie directly in it count"
        )
    return models


def _is_model(path: Path) -> bool:
    if path.suffix.lower() in _SUFFIXES:
        return True
    if path.name.endswith(_PNNX_SUFFIX):
        return False
    try:
        with open_plain_file(path, max_bytes=_MAX_BYTES) as file:
            return recognise_format(file.read(HEAD_BYTES)) in _RECOGNISED
    except OSError:
        return False


def _parts(path: Path) -> tuple[Path, ...]:
    """Return the files in which an ONNX file keeps its data; none where it cannot be read, which is said later."""
    if path.suffix.lower() == ".onnx":
        with suppress(ModelFileError):
            return find_model_files(path, (ONNX,)).paths[1:]
    return ()
