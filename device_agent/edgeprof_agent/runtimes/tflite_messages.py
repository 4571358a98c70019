"""What the interpreter of TensorFlow Lite says of a failure, in words for people: without places in its source."""

import re

from edgeprof_agent.runtimes.message_line import one_line

_PLACE = re.compile(r"(?:\./)?(?:[\w.-]+/)+[\w.-]+\.(?:h|cc)(?::\d+)?\s*")
_INSTRUCTIONS = re.compile(r"See instructions: https?://\S*?(?=Node number|\s|$)")
_CUSTOM = re.compile(r"Encountered unresolved custom op: (.{1,200}?)\.(?:\s|$)", re.DOTALL)
_TENSORFLOW = re.compile(r"Select TensorFlow op\(s\).*?(?:Node number \d+ \((\w+)\)|$)", re.DOTALL)
_VERSION = re.compile(r"Didn't find op for builtin opcode '(\w+)' version '(\d+)'")


def error_text(error: Exception) -> str:
    """Return what an error of the interpreter says, in one line.

    Args:
        error: The error.
    """
    if isinstance(error, MemoryError):
        return "a tensor does not fit into memory"
    text = str(error)
    if found := _CUSTOM.search(text):
        return (
            f"it has the custom operator {found[1]!r}, which needs a library of its own; convert the model with "
            "built-in operators"
        )
    if found := _TENSORFLOW.search(text):
        return (
            f"it has operators of TensorFlow{f' ({found[1]})' if found[1] else ''}, which this interpreter lacks; "
            "convert the model with built-in operators alone"
        )
    if found := _VERSION.search(text):
        return (
            f"this interpreter has no operator {found[1]} of version {found[2]}; update its package on the device, or "
            "convert the model again"
        )
    text = _INSTRUCTIONS.sub("", _PLACE.sub("", text))
    text = re.sub(r"[\s.;]*(Node number \d)", r"; \1", text).lstrip("; ")
    return one_line(text) or "the interpreter gives no reason, as where a tensor does not fit into memory"
