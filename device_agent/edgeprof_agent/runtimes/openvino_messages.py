"""What OpenVINO says of a failure, in words for people: without places in its source, in one line."""

import re

from edgeprof_agent.runtimes.message_line import one_line

_PLACES = re.compile(r"Exception from \S+:\d+:?|Check '[^\n]*' failed at \S+:\d+:?|FrontEnd API failed with \w+:?")


_TOO_LARGE = "could not construct a memory descriptor"


def error_text(error: Exception) -> str:
    """Return what an error of OpenVINO says.

    Args:
        error: The error.
    """
    text = one_line(_PLACES.sub(" ", str(error))) or type(error).__name__
    if _TOO_LARGE in text:
        return f"a tensor of the model is too large, or has sizes that the engine cannot lay out ({text})"
    return text
