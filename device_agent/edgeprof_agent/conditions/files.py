"""Reads small kernel files; None for a file that is absent, unreadable or has unexpected content."""

from pathlib import Path

SYSTEM_ROOT = Path("/")


def read_text(path: Path) -> str | None:
    """Read a small file of the kernel.

    Args:
        path: The file.

    Returns:
        Its text without surrounding whitespace and zero bytes; None where it is absent, unreadable or empty.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \n\t") or None
    except OSError:
        return None


def read_number(path: Path) -> float | None:
    """Read a small file of the kernel that holds one number.

    Args:
        path: The file.

    Returns:
        The number; None where the file is absent, unreadable or not a number.
    """
    return number_or_none(read_text(path) or "")


def number_or_none(text: str) -> float | None:
    """Turn a text into a number.

    Args:
        text: The text.

    Returns:
        The number; None where the text is not a number.
    """
    try:
        return float(text)
    except ValueError:
        return None
