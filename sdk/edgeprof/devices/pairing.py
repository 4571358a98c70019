"""Pairing with a device by the one-time code that it shows."""

import getpass
import queue
import re
import socket
from collections.abc import Callable

from edgeprof.devices.channel import fetch_certificate, secure_channel
from edgeprof.devices.named_devices import address_of
from edgeprof.devices.pairings import make_key, remember_device
from edgeprof.devices.remote_errors import translate_rpc_errors
from edgeprof.errors import PairingClosedError, PairingRefusedError
from edgeprof_proto.shared.pairing import CODE_DIGITS, Exchange, ExchangeError
from edgeprof_proto.shared.trust import KeyPair, fingerprint_of
from edgeprof_proto.v1 import pairing_pb2
from edgeprof_proto.v1.pairing_pb2_grpc import PairingServiceStub

_TIMEOUT_S = 40.0
"""Deadline of one exchange, on a slow board and a slow line."""


def pair(address: str, code: str | Callable[[], str]) -> str:
    """Pair this host with a device, so that each knows the other by its key from then on.

    Args:
        address: `host:port` of the device's agent, or its name on this host.
        code: The code that `edgeprof-agent pair` shows, or a function that returns it, called once the device has
            answered.

    Returns:
        What the device calls this host.

    Raises:
        AgentUnavailableError: If no agent answers.
        PairingClosedError: If the device shows no code, or its agent serves without encryption.
        PairingRefusedError: If the code is wrong, or the connection is intercepted.
        PairingFileError: If this host's key cannot be read or written.
    """
    address = address_of(address)
    certificate_pem = fetch_certificate(address)
    if certificate_pem is None:
        raise PairingClosedError(
            f"the agent at {address} serves without encryption: run `edgeprof-agent init` on the device and start its "
            "agent again",
            "ERROR_REASON_PAIRING_CLOSED",
        )
    key = make_key()
    digits = re.sub(r"[\s-]", "", code if isinstance(code, str) else code())
    if not re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", digits):
        raise PairingRefusedError(f"a code has {CODE_DIGITS} digits: read it again", "ERROR_REASON_PAIRING_REFUSED")
    exchange = Exchange(
        digits, host_fingerprint=key.fingerprint, device_fingerprint=fingerprint_of(certificate_pem), is_host=True
    )
    try:
        name = _exchange(address, key, certificate_pem, exchange)
    except ExchangeError as error:
        raise PairingRefusedError(
            f"what answers at {address} does not know the code: the connection is intercepted",
            "ERROR_REASON_PAIRING_REFUSED",
        ) from error
    remember_device(address, certificate_pem)
    return name


def _exchange(address: str, key: KeyPair, certificate_pem: bytes, exchange: Exchange) -> str:
    requests: queue.SimpleQueue[pairing_pb2.PairRequest | None] = queue.SimpleQueue()
    start = pairing_pb2.PairingStart(host_name=own_name(), spake2_message=exchange.message)
    requests.put(pairing_pb2.PairRequest(start=start))
    try:
        with secure_channel(address, key, certificate_pem) as channel, translate_rpc_errors(address):
            responses = PairingServiceStub(channel).Pair(iter(requests.get, None), timeout=_TIMEOUT_S)
            exchange.finish(next(responses).answer)
            requests.put(pairing_pb2.PairRequest(confirmation=exchange.proof))
            paired = next(responses).paired
            exchange.check(paired.confirmation)
            return paired.host_name
    except StopIteration:
        raise ExchangeError("the other end left in the middle of the exchange") from None
    finally:
        # Ends gRPC's thread, which waits for the next request.
        requests.put(None)


def own_name() -> str:
    """Return what this host asks a device to call it: user and machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "host"
    return re.sub(r"[^!-~]", "_", f"{user}@{socket.gethostname()}")[:64]
