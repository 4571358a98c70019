"""What a fault test says in the table of faults. `scripts/fault_table.py` reads these words from the source."""

from collections.abc import Callable
from typing import TypeVar

Test = TypeVar("Test", bound=Callable[..., None])


def fault(*, fault: str, sees: str, kept: str) -> Callable[[Test], Test]:
    """Mark a test as a row of the table.

    Args:
        fault: What goes wrong, and when.
        sees: What the user sees.
        kept: What is kept, and that nothing counts twice.
    """
    assert fault and sees and kept
    return lambda test: test
