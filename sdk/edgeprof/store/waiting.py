"""Waiting for another process that is at the same session."""

import logging

logger = logging.getLogger(__name__)

POLL_S = 0.2
"""How often a process that waits asks whether the other one has ended, in seconds."""


def tell_waiting(holder: str, purpose: str) -> None:
    """Say who is waited for.

    Args:
        holder: The process that holds the lock, in words.
        purpose: What it does.
    """
    logger.warning("%s is at the same %s; waiting until it has ended", holder, purpose)
