"""Names like one that is not known, for the end of the sentence that says so."""

import difflib
from collections.abc import Iterable


def nearest_names(text: str, known: Iterable[str], *, cutoff: float = 0.6, where: str = "") -> str:
    """Return which known names are most like a text, as `the nearest are a, b`; nothing where none is like it.

    Args:
        text: The text.
        known: The names.
        cutoff: Likeness that a name needs to be named, from 0 to 1.
        where: Words after `the nearest`, as ` in its folder`.
    """
    near = difflib.get_close_matches(text, list(known), n=3, cutoff=cutoff)
    return f"the nearest{where} {'is' if len(near) == 1 else 'are'} {', '.join(near)}" if near else ""
