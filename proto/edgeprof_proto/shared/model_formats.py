"""The formats of models by name, and which of them a file has.

A runtime says in its description which formats it reads (`RuntimeInfo.model_formats`). The host compares a file with
them before it uploads it, the agent before it queues a job and again before an engine sees the file.
"""

import re
from collections.abc import Sequence

from edgeprof_proto.shared.file_kind import HEAD_BYTES, recognise

ONNX = "onnx"
TFLITE = "tflite"
OPENVINO_IR = "openvino-ir"
NCNN = "ncnn"

FORMAT_TEXTS = {
    ONNX: "an ONNX model",
    TFLITE: "a TensorFlow Lite model",
    OPENVINO_IR: "an OpenVINO model (IR)",
    NCNN: "an ncnn model (.param)",
}
"""The formats whose files are recognised, with the words for a file of each."""

_IR_START = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]{0,200}\?>)?\s*(<!--.{0,2000}?-->\s*)*<net[\s>]", re.DOTALL)
_NCNN_START = re.compile(rb"7767517[ \t]*\r?\n")

_ONNX_FIRST_BYTES = frozenset({0x08, 0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72})
"""First byte of an ONNX file: the number and the wire type of one of the fields of a model."""


class ModelFormatError(ValueError):
    """A file has none of the formats that a runtime reads; the text says what it is and what to do."""


def recognise_format(head: bytes) -> str | None:
    """Tell which format a model has.

    Args:
        head: The first `HEAD_BYTES` bytes of its main file, or all of it where it is shorter.

    Returns:
        The name of the format; None for a file of any other.
    """
    if head[4:8] == b"TFL3":
        return TFLITE
    if _NCNN_START.match(head):
        return NCNN
    if _IR_START.match(head):
        return OPENVINO_IR
    if head[:1] and head[0] in _ONNX_FIRST_BYTES and recognise(head) is None:
        return ONNX
    return None


def require_format(model_format: str, model_formats: Sequence[str], runtime: str = "the runtime") -> None:
    """Check that a runtime reads a format.

    Args:
        model_format: The format of a model.
        model_formats: The formats that the runtime reads, at least one.
        runtime: The runtime, in words.

    Raises:
        ModelFormatError: If it does not.
    """
    if model_format not in model_formats:
        raise ModelFormatError(
            f"the file is {FORMAT_TEXTS.get(model_format, f'a model in the format {model_format}')}, and {runtime} "
            f"reads {', '.join(model_formats)}: export the network in that format, or name a runtime that reads "
            f"{model_format}"
        )


def format_of(content: bytes | memoryview, model_formats: Sequence[str], runtime: str = "the runtime") -> str | None:
    """Tell which of the formats that a runtime reads a file has.

    Args:
        content: The whole file.
        model_formats: The formats that the runtime reads; empty where it does not tell.
        runtime: The runtime, in words.

    Returns:
        The name of the format. `ONNX` also for bytes that nobody recognises, since only the walk through an ONNX file
        (`onnx_walk.check_content`) tells what is wrong with one. None for a file that may have a format of the
        runtime's own.

    Raises:
        ModelFormatError: If it has none of them, or is what no runtime is given: an archive, native code, a pointer.
    """
    head = bytes(content[:HEAD_BYTES])
    found = recognise_format(head)
    if found is not None and model_formats:
        require_format(found, model_formats, runtime)
        return found
    read = ", ".join(model_formats)
    kind = recognise(head)
    if tuple(model_formats) == (ONNX,):
        # The walk names what it is in the words for this format.
        return ONNX
    if kind is not None and kind.is_never_a_model:
        raise ModelFormatError(f"the file is not a model: it is {kind.name}; {kind.remedy}")
    if not model_formats or any(name not in FORMAT_TEXTS for name in model_formats):
        return None
    if ONNX in model_formats and kind is None:
        return ONNX
    what = "" if kind is None else f": it is {kind.name}"
    raise ModelFormatError(
        f"the file is no model of a format that {runtime} reads ({read}){what}; export the network in one of them"
    )
