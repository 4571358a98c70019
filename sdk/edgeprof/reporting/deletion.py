"""What a deletion of results takes away, and what stays."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.store import StoredResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A deletion of results, done or only looked at.

    Args:
        results: What goes, the newest first.
        in_progress_count: Results that stay, since the onboarding or other session that needs them has not ended.
        in_part_count: Results that stay, since other results of their session are not to go: the networks of a session
            are known relative to each other.
    """

    results: Sequence[StoredResult]
    in_progress_count: int
    in_part_count: int
