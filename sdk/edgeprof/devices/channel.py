"""Opens channels to agents: with TLS where host and device are paired, without TLS on loopback only."""

import socket
import ssl
import urllib.parse

import grpc

from edgeprof.devices.pairings import read_pairings
from edgeprof.errors import AgentUnavailableError, DeviceChangedError, InvalidAddressError, NotPairedError
from edgeprof_proto import KEEPALIVE_OPTIONS
from edgeprof_proto.shared.address import AddressError, is_loopback, parse_address
from edgeprof_proto.shared.trust import TLS_NAME, KeyPair, fingerprint_of

CONNECT_TIMEOUT_S = 5.0
"""Deadline of the first call: an address where no agent answers is reported this soon."""

CHANNEL_OPTIONS = (
    *KEEPALIVE_OPTIONS,
    # A proxy of the environment (http_proxy, grpc_proxy) would see models that go to loopback in clear, and reaches no
    # board in this network.
    ("grpc.enable_http_proxy", 0),
    ("grpc.http2.max_pings_without_data", 0),
    # The default of two minutes would outlast our own patience.
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Agents before contract revision 3 send a measurement with every run: 8 bytes each. Later ones send the runs block
    # by block.
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)


def open_channel(address: str) -> grpc.Channel:
    """Open a channel to an agent, secured as this host's pairings require.

    A paired device is known by its certificate: at its own address, and at one that this host has never seen.

    Args:
        address: `host:port` of the agent.

    Returns:
        The channel. With TLS it accepts the paired device only.

    Raises:
        NotPairedError: If the agent asks for a pairing, or the address is beyond loopback, and there is none.
        DeviceChangedError: If the device is paired, and something else answers at its address.
        PairingFileError: If this host's key and paired devices cannot be read.
        AgentUnavailableError: If no agent answers at an address beyond loopback that is not known.
        InvalidAddressError: If the address is not `host:port`.
    """
    split_address(address)
    pairings = read_pairings()
    certificate = pairings.certificate_at(address)
    try:
        shown = fetch_certificate(address)
    except AgentUnavailableError:
        # Calls may be repeated until it answers; its certificate is known, so nothing else is accepted.
        if pairings.key is not None and certificate is not None:
            return secure_channel(address, pairings.key, certificate)
        if _is_loopback(address):
            return grpc.insecure_channel(_target(address), options=CHANNEL_OPTIONS)
        raise
    if certificate is not None:
        if shown is None or fingerprint_of(shown) != fingerprint_of(certificate):
            what = "no encryption" if shown is None else "another certificate"
            raise DeviceChangedError(
                f"the device at {address} is not the one that this host is paired with, it shows {what}: if it was set "
                f"up anew, run `edgeprof pair --forget {address}` and pair again; if not, the connection is intercepted"
            )
    elif shown is None:
        if _is_loopback(address):
            return grpc.insecure_channel(_target(address), options=CHANNEL_OPTIONS)
        raise NotPairedError(
            f"the agent at {address} serves without encryption, which is accepted on loopback alone: run "
            f"`edgeprof-agent init` on the device, start its agent again, and run `edgeprof pair {address}`",
            "ERROR_REASON_NOT_PAIRED",
        )
    elif not pairings.knows(shown):
        raise NotPairedError(
            f"this host is not paired with the device at {address}: run `edgeprof-agent pair` on the device, then "
            f"`edgeprof pair {address}` here",
            "ERROR_REASON_NOT_PAIRED",
        )
    assert pairings.key is not None and shown is not None
    return secure_channel(address, pairings.key, shown)


def secure_channel(address: str, key: KeyPair, certificate_pem: bytes) -> grpc.Channel:
    """Open a channel that accepts only the holder of a certificate.

    Args:
        address: `host:port` of the agent.
        key: This host's key.
        certificate_pem: The device's certificate.
    """
    credentials = grpc.ssl_channel_credentials(certificate_pem, key.private_key_pem, key.certificate_pem)
    options = (*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", TLS_NAME))
    return grpc.secure_channel(_target(address), credentials, options=options)


def fetch_certificate(address: str) -> bytes | None:
    """Ask an agent for its certificate, without verifying it.

    Args:
        address: `host:port` of the agent.

    Returns:
        The certificate in PEM, or None if the agent serves without encryption.

    Raises:
        AgentUnavailableError: If no agent answers, or not in time.
        InvalidAddressError: If the address is not `host:port`.
    """
    place = split_address(address)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # The certificate comes before the agent asks for ours, which this connection does not show.
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        with (
            socket.create_connection(place, timeout=CONNECT_TIMEOUT_S) as connection,
            context.wrap_socket(connection) as encrypted,
        ):
            der = encrypted.getpeercert(binary_form=True)
    except (OSError, ValueError) as error:
        if isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
            return None
        raise AgentUnavailableError(
            f"no agent answers at {address}: start one there with `edgeprof-agent serve`, or check the address "
            f"({error})"
        ) from error
    assert der is not None
    return ssl.DER_cert_to_PEM_cert(der).encode()


def split_address(address: str) -> tuple[str, int]:
    """Split the address of an agent into host and port.

    Args:
        address: `host:port`, an IPv6 host in square brackets.

    Raises:
        InvalidAddressError: If it has another form.
    """
    try:
        return parse_address(address)
    except AddressError as error:
        raise InvalidAddressError(str(error)) from None


def _target(address: str) -> str:
    # Without the scheme, gRPC would take a host called `dns` or `unix` for a scheme.
    return f"dns:///{urllib.parse.quote(address, safe=':[]')}"


def _is_loopback(address: str) -> bool:
    return is_loopback(split_address(address)[0])
