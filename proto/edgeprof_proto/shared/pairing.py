"""What both ends of a pairing compute: SPAKE2 over the one-time code, bound to both certificates, and its confirmation.

SPAKE2 gives both ends the same key where they know the same code and saw the same two certificates, and an onlooker or
somebody in the middle nothing to try codes on: every guess costs an exchange with one of the ends.
"""

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

CODE_DIGITS = 8
"""Digits of a one-time code: 5 tries guess it with a chance of 1 in 20 million."""

SPAKE2_MESSAGE_BYTES = 33
"""Size of either message of SPAKE2."""

_CONTEXT = b"edgeprof pairing 1 "


class ExchangeError(Exception):
    """The other end sent what no honest end sends, or does not have the same key."""


def make_code() -> str:
    """Make up a one-time code.

    Returns:
        `CODE_DIGITS` decimal digits.
    """
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


class Exchange:
    """One end of one exchange; both ends first send `message`, then their proof.

    Args:
        code: The one-time code.
        host_fingerprint: Fingerprint of the host's certificate, as this end saw it.
        device_fingerprint: Fingerprint of the device's certificate, as this end saw it.
        is_host: Whether this end is the host.
    """

    def __init__(self, code: str, *, host_fingerprint: str, device_fingerprint: str, is_host: bool) -> None:
        # Imported only for a pairing: the agent serves without it.
        from spake2 import SPAKE2_A, SPAKE2_B

        side: type[SPAKE2_A] | type[SPAKE2_B] = SPAKE2_A if is_host else SPAKE2_B
        self._is_host = is_host
        self._spake2: SPAKE2_A | SPAKE2_B = side(
            code.encode(),
            idA=_CONTEXT + b"host " + host_fingerprint.encode(),
            idB=_CONTEXT + b"device " + device_fingerprint.encode(),
        )
        self._key: bytes | None = None
        self.message: bytes = self._spake2.start()

    def finish(self, message: bytes) -> None:
        """Take the other end's message.

        Args:
            message: As it arrived.

        Raises:
            ExchangeError: If it is none of SPAKE2.
        """
        if len(message) != SPAKE2_MESSAGE_BYTES:
            raise ExchangeError(f"a message of SPAKE2 has {SPAKE2_MESSAGE_BYTES} bytes, got {len(message)}")
        try:
            self._key = self._spake2.finish(message)
        except Exception as error:
            # Of an element outside the group spake2 says so with ValueError, AssertionError or its own class.
            raise ExchangeError("the other end's message is no element of SPAKE2's group") from error

    @property
    def proof(self) -> bytes:
        """32 bytes that prove this end's key to the other."""
        return self._proof(of_host=self._is_host)

    def check(self, proof: bytes) -> None:
        """Check the other end's proof.

        Args:
            proof: As it arrived.

        Raises:
            ExchangeError: If the other end has another key: another code, or another pair of certificates.
        """
        if not hmac.compare_digest(proof, self._proof(of_host=not self._is_host)):
            raise ExchangeError("the other end has another key")

    def _proof(self, *, of_host: bool) -> bytes:
        assert self._key is not None, "finish comes first"
        return hmac.digest(self._key, _CONTEXT + (b"proof of host" if of_host else b"proof of device"), hashlib.sha256)
