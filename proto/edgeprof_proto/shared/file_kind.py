"""Recognises from the first bytes of a file what it is, where it is not the model that it was taken for."""

import re
from dataclasses import dataclass

HEAD_BYTES = 4096
"""First bytes of a file that suffice to tell what it is."""

_EXPORT = "export the network as ONNX"
_UNPACK = "unpack it and name the model itself"
_TORCH = "this is a checkpoint of PyTorch: load it there and export the network with torch.onnx.export"
_KERAS = "convert it with tf2onnx"

TFLITE, ORT = "TensorFlow Lite model", "model in ONNX Runtime's own format"


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is.

    Args:
        name: Its name with the article, for example "a zip archive".
        remedy: What to do where a model is wanted.
        is_never_a_model: Whether no runtime may be given it: it stands where a file should be, is an archive, which may
            unpack to any size, or holds code that would run (a program, a library, a pickle).
    """

    name: str
    remedy: str
    is_never_a_model: bool = False


_MARKS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "an lz4 archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!", "a rar archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (4, b"TFL3", f"a {TFLITE}", "name a runtime that reads such files, or " + _EXPORT),
    (4, b"ORTM", f"a {ORT}", "name the .onnx file that it was made from"),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes it", _KERAS),
    (0, b"GGUF", "a GGUF model, as llama.cpp reads it", _EXPORT),
    (0, b"\x93NUMPY", "an array of NumPy", _EXPORT),
    (0, b"\x7fELF", "a program or a library (ELF)", _EXPORT),
    (0, b"MZ", "a program or a library of Windows", _EXPORT),
    (0, b"\xcf\xfa\xed\xfe", "a program or a library of macOS", _EXPORT),
    (0, b"ptrt", "an engine of TensorRT, which runs on the device that it was built on alone", _EXPORT),
    (0, b"ftrt", "an engine of TensorRT, which runs on the device that it was built on alone", _EXPORT),
    (0, b"%PDF", "a PDF", _EXPORT),
    (0, b"\x89PNG", "a picture", _EXPORT),
    (0, b"\xff\xd8\xff", "a picture", _EXPORT),
    (0, b"SQLite format 3\0", "an SQLite database", _EXPORT),
)
"""Offset and bytes that tell a kind, its name, and what to do."""

_CODE = frozenset(
    {"a program or a library (ELF)", "a program or a library of Windows", "a program or a library of macOS"}
    | {"an engine of TensorRT, which runs on the device that it was built on alone"}
)
"""Kinds that are native code: who loads one runs it."""

_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")

_GIT_LFS = b"version https://git-lfs.github.com/spec/"

_MIN_TEXT_SHARE = 0.95


def recognise(head: bytes) -> FileKind | None:
    """Tell what a file is.

    Args:
        head: Its first `HEAD_BYTES` bytes, or all of it where it is shorter.

    Returns:
        What it is; None for a file that may be an ONNX model, or that nobody knows.
    """
    if not head:
        return FileKind("empty", "copy or export it again", is_never_a_model=True)
    for offset, mark, name, remedy in _MARKS:
        if head[offset : offset + len(mark)] == mark:
            return FileKind(name, remedy, is_never_a_model=remedy == _UNPACK or name in _CODE)
    if head.startswith(_ZIP_MARKS):
        return _zip_kind(head)
    if re.match(rb"ET\d\d", head[4:8]):
        return FileKind("a program of ExecuTorch", "name a runtime that reads such files, or " + _EXPORT)
    if re.match(rb"\x80[\x02-\x05][\x8a\x95}\](cX\x8c]", head):
        return FileKind("a pickle of Python", _TORCH, is_never_a_model=True)
    if len(head) > 9 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") < 2**27:
        return FileKind("a safetensors file, which holds weights alone", "load them into the network and " + _EXPORT)
    if not head.strip(b"\0"):
        return FileKind("nothing but zeros", "copy or download it again", is_never_a_model=True)
    return _text_kind(head)


def _zip_kind(head: bytes) -> FileKind:
    name_length = int.from_bytes(head[26:28], "little")
    first = head[30 : 30 + name_length].decode("utf-8", errors="replace")
    if re.search(r"(^|/)(data\.pkl|byteorder|version|constants\.pkl|\.format_version|archive_format)$", first):
        return FileKind("a zip archive of PyTorch", _TORCH, is_never_a_model=True)
    if first in ("config.json", "metadata.json", "model.weights.h5"):
        return FileKind("a zip archive, as Keras writes it", _KERAS, is_never_a_model=True)
    return FileKind("a zip archive", _UNPACK, is_never_a_model=True)


def _text_kind(head: bytes) -> FileKind | None:
    text = _decoded(head)
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n")
    lower = start[:200].lower()
    if head.startswith(_GIT_LFS) or start.encode(errors="replace").startswith(_GIT_LFS):
        return FileKind(
            "a pointer of Git LFS, not the file that it points to",
            "fetch that with: git lfs pull",
            is_never_a_model=True,
        )
    if lower.startswith(("<!doctype html", "<html", "<head", "<body")):
        remedy = "the download has led to a page: fetch the file itself, signed in if need be"
        return FileKind("a web page (HTML)", remedy, is_never_a_model=True)
    if lower.startswith("<"):
        return FileKind("an XML text", _EXPORT)
    first_line = "".join(char if char.isprintable() else " " for char in start[:60].split("\n")[0]).strip()
    return FileKind(f"a text that begins {first_line!r}", _EXPORT)


def _decoded(head: bytes) -> str | None:
    """Return a text, whole or cut off; None for what is none."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="replace")
    if any(byte < 0x20 and byte not in b"\t\n\r\f" for byte in head):
        return None
    text = head.decode("utf-8", errors="replace")
    return text if text.count("\ufffd") <= (1 - _MIN_TEXT_SHARE) * len(text) else None
