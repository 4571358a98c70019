"""What ONNX Runtime says of a failure, in words for people: without places in its source, and of a bounded length."""

import re

from edgeprof_agent.runtimes.message_line import one_line

_CODE = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : ")
_PLACE = re.compile(r"[^\s:]*\.(?:cc|cpp|cu|h|hpp):\d+ ")
_LOADING = re.compile(r"^Load model from .{0,4096}? failed:", re.DOTALL)
"""The file has another name inside the worker."""

_IR_VERSION = re.compile(r"Unsupported model IR version: (-?\d+), max supported IR version: (\d+)")
_OPSET = re.compile(
    r"Opset (-?\d+) is under development.*?official support for domain (\S+) is till opset (\d+)", re.DOTALL
)


def error_text(error: Exception) -> str:
    """Return what an error of ONNX Runtime says, in one line.

    Args:
        error: The error.
    """
    # "[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Load model from FILE failed:Protobuf parsing failed."
    text = _CODE.split(str(error))[-1]
    if found := _IR_VERSION.search(text):
        return (
            f"the file has version {found[1]} of the ONNX format, this ONNX Runtime reads up to {found[2]}; update "
            f"onnxruntime on the device, or save the model with ir_version {found[2]} or lower"
        )
    if found := _OPSET.search(text):
        return (
            f"the model uses opset {found[1]} of {found[2]}, this ONNX Runtime knows up to {found[3]}; update "
            f"onnxruntime on the device, or export the model with opset_version={found[3]} or lower"
        )
    return one_line(_without_places(_LOADING.sub("", text))) or type(error).__name__


def _without_places(text: str) -> str:
    """Leave out places in the source, each a file with a line and the signature of a function."""
    while place := _PLACE.search(text):
        end = _end_of_signature(text, place.end())
        text = text[: place.start()] + text[end:]
    return text


def _end_of_signature(text: str, start: int) -> int:
    """Return where a message begins behind the signature of a function; `start` where none is found."""
    depth = 0
    for position in range(text.find("(", start), min(len(text), start + 2_000)):
        if position < 0:
            break
        depth += (text[position] in "(<[") - (text[position] in ")>]")
        if depth == 0 and text[position] == ")":
            rest = re.match(r"(?: const)?(?: \[with [^\]]*\])?\s*", text[position + 1 :])
            return position + 1 + (rest.end() if rest else 0)
    return start
