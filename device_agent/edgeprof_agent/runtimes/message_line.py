"""What an engine says of a failure, in one line of a bounded length."""

MAX_LENGTH = 500
"""Characters of a message that are kept: the first and the last of it."""


def one_line(text: str) -> str:
    """Return a text without line breaks, its middle left out where it is too long.

    Args:
        text: What the engine said.
    """
    line = " ".join(text.split())
    return line if len(line) <= MAX_LENGTH else f"{line[: MAX_LENGTH // 2]} ... {line[-MAX_LENGTH // 2 :]}"
