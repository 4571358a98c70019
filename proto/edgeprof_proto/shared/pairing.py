"""Pairing: SPAKE2 with the one-time code, bound to both certificates, and key confirmation.

SPAKE2 gives both ends the same key if they know the same code and saw the same two certificates. An eavesdropper or an
attacker in the middle cannot test codes offline: every guess needs an exchange with one of the ends.
"""

import hashlib
import hmac
import secrets

CODE_DIGITS = 8
"""Digits of a one-time code; 5 attempts guess it with a probability of 1 in 20 million."""

SPAKE2_MESSAGE_BYTES = 33
"""Size of each SPAKE2 message, in bytes."""

_CONTEXT = b"edgeprof pairing 1 "


class ExchangeError(Exception):
    """The other end sent an invalid message, or does not have the same key."""


def make_code() -> str:
    """Generate a one-time code at random.

    Returns:
        `CODE_DIGITS` decimal digits.
    """
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


class Exchange:
    """One end of an exchange. Both ends first send `message`, then `proof`.

    Args:
        code: The one-time code.
        host_fingerprint: Fingerprint of the host's certificate, as this end saw it.
        device_fingerprint: Fingerprint of the device's certificate, as this end saw it.
        is_host: Whether this end is the host.
    """

    def __init__(self, code: str, *, host_fingerprint: str, device_fingerprint: str, is_host: bool) -> None:
        # Imported only for a pairing, to keep it out of the agent's memory.
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
        """Compute the key from the other end's message.

        Args:
            message: The message.

        Raises:
            ExchangeError: If it is not a valid SPAKE2 message.
        """
        if len(message) != SPAKE2_MESSAGE_BYTES:
            raise ExchangeError(f"a SPAKE2 message must have {SPAKE2_MESSAGE_BYTES} bytes, got {len(message)}")
        try:
            self._key = self._spake2.finish(message)
        except Exception as error:
            # For an element outside the group, spake2 raises ValueError, AssertionError or its own class.
            raise ExchangeError("the other end's message is not an element of the SPAKE2 group") from error

    @property
    def proof(self) -> bytes:
        """Confirmation of this end's key, 32 bytes."""
        return self._proof(of_host=self._is_host)

    def check(self, proof: bytes) -> None:
        """Check the other end's confirmation.

        Args:
            proof: The confirmation.

        Raises:
            ExchangeError: If the other end has another key, because of another code or other certificates.
        """
        if not hmac.compare_digest(proof, self._proof(of_host=not self._is_host)):
            raise ExchangeError("the other end has another key")

    def _proof(self, *, of_host: bool) -> bytes:
        assert self._key is not None, "finish must be called first"
        return hmac.digest(self._key, _CONTEXT + (b"proof of host" if of_host else b"proof of device"), hashlib.sha256)
