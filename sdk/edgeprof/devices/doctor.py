"""Finds out why a device cannot be reached or measured reliably, and says what to do.

The checks are made in order, and each needs those before it: name, port, agent. The first of these that finds trouble
ends the diagnosis. The device's checks of itself come last.
"""

import itertools
import os
import socket
import statistics
import time
from collections.abc import Iterator

import grpc

from edgeprof.devices.channel import split_address
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.named_devices import address_of
from edgeprof.errors import (
    AgentTooOldError,
    AgentUnavailableError,
    DeviceChangedError,
    EdgeprofError,
    HostTooOldError,
    InvalidAddressError,
    NotPairedError,
    RemoteError,
)
from edgeprof_proto.records.check import Check, CheckLevel

CONNECT_TIMEOUT_S = 5.0

SLOW_ROUND_TRIP_MS = 200.0
"""Above it progress is shown late; measurements are not disturbed, since nothing is sent while a block is timed."""

SLOW_UPLOAD_BYTES_PER_S = 250_000.0
"""A network of 2 MB then takes 8 s to arrive, as long as measuring it."""

CLOCK_SKEW_S = 60.0

LONG_QUEUE_COUNT = 20
"""Jobs ahead of ours that mean minutes of waiting."""

PAYLOAD_BYTES = 256 * 1024
_PAIR_REMEDY = "run `edgeprof-agent pair` on the device, then `edgeprof pair HOST:PORT` here"
_PING_COUNT = 5
_NEWEST_JOB_COUNT = 1_000


def diagnose(address: str) -> tuple[Check, ...]:
    """Check the connection to a device, and the device.

    Args:
        address: `host:port` of its agent, or its name on this host.

    Returns:
        The checks in order; they end early where the next ones need the failed one.
    """
    return tuple(_examined(address))


def _examined(device: str) -> Iterator[Check]:
    try:
        address = address_of(device)
    except InvalidAddressError as error:
        yield _trouble("name", str(error), "write HOST:PORT, such as board.local:20763")
        return
    for step in (check_name, check_port):
        yield (check := step(address))
        if check.level is CheckLevel.TROUBLE:
            return
    try:
        client = DeviceClient(address, patience_s=0.0)
    except EdgeprofError as error:
        yield _trouble("agent", str(error), _PAIR_REMEDY)
        return
    with client:
        yield (check := check_agent(client))
        if check.level is CheckLevel.TROUBLE:
            return
        try:
            for look in (check_round_trip, check_upload_rate, check_clock_skew, check_queue):
                yield look(client)
            yield from client.diagnose()
        except AgentTooOldError:
            remedy = "update edgeprof on the device: `pip install -U edgeprof`, then restart the agent"
            yield _warning("agent version", "the agent is too old to check itself; everything else works", remedy)
        except EdgeprofError as error:
            remedy = "try again; if it fails again, read the agent's log and run `edgeprof-agent doctor` on the device"
            yield _trouble("answer", str(error), remedy)


def check_name(address: str) -> Check:
    """Check that the host of an address has an IP address."""
    try:
        host, port = split_address(address)
    except InvalidAddressError as error:
        return _trouble("name", str(error), "write HOST:PORT, such as board.local:20763")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        remedy = "check the spelling, try the IP address, or with .local install avahi on both sides"
        return _trouble("name", f"{host} does not resolve: {error}", remedy)
    return _good("name", f"{host} is {found[0][4][0]}")


def check_port(address: str) -> Check:
    """Check that something accepts connections there."""
    host, port = split_address(address)
    try:
        with socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S):
            return _good("port", f"something listens on port {port}")
    except ConnectionRefusedError:
        remedy = (
            "start `edgeprof-agent serve` there; if it runs, `edgeprof-agent doctor` on the device says where it "
            "listens (on loopback only it is reached through `ssh -L`)"
        )
        return _trouble("port", f"{host} is there, but nothing listens on port {port}", remedy)
    except TimeoutError:
        remedy = f"switch the device on, see that both are in one network, and open TCP port {port} in the firewall"
        return _trouble("port", f"{host} does not answer within {CONNECT_TIMEOUT_S:g} s", remedy)
    except OSError as error:
        remedy = "check the network of this host, and that no VPN takes over the route"
        return _trouble("port", f"no route to {host}: {error.strerror or error}", remedy)


def check_agent(client: DeviceClient) -> Check:
    """Check that an agent answers, accepts this host, and speaks the same contract."""
    try:
        version = client.handshake()
    except AgentTooOldError as error:
        if _is_unimplemented(error):
            remedy = "check the port: another gRPC server uses it"
            return _trouble("agent", f"what answers at {client.address} is no edgeprof agent", remedy)
        return _trouble(
            "agent", str(error), "update edgeprof on the device: `pip install -U edgeprof`, then restart it"
        )
    except HostTooOldError as error:
        return _trouble("agent", str(error), "update edgeprof on this host: `pip install -U 'edgeprof[host]'`")
    except AgentUnavailableError as error:
        remedy = "check the port: another program uses it; if it is an agent, it hangs: read its log"
        return _trouble("agent", f"what listens at {client.address} does not speak edgeprof: {error}", remedy)
    except (NotPairedError, DeviceChangedError) as error:
        return _trouble("agent", str(error), _PAIR_REMEDY)
    except RemoteError as error:
        return _trouble("agent", str(error), "the sentence says why the agent refuses this host; its log says more")
    return _good("agent", f"edgeprof {version} answers")


def check_round_trip(client: DeviceClient) -> Check:
    """Check how long a short call takes."""
    times_ms = []
    for _ in range(_PING_COUNT):
        start = time.perf_counter()
        client.device_time()
        times_ms.append((time.perf_counter() - start) * 1_000)
    median = statistics.median(times_ms)
    finding = f"{median:.1f} ms, at worst {max(times_ms):.1f} ms of {_PING_COUNT}"
    if median <= SLOW_ROUND_TRIP_MS:
        return _good("round trip", finding)
    return _warning("round trip", finding, "use a cable, or a network with fewer hops; measurements are not disturbed")


def check_upload_rate(client: DeviceClient) -> Check:
    """Check how fast a model would arrive."""
    # Random bytes: some links compress.
    payload = os.urandom(PAYLOAD_BYTES)
    start = time.perf_counter()
    client.device_time(payload=payload)
    rate = PAYLOAD_BYTES / (time.perf_counter() - start)
    finding = f"{rate / 1e6:.2f} MB/s"
    if rate >= SLOW_UPLOAD_BYTES_PER_S:
        return _good("upload rate", finding)
    return _warning(
        "upload rate", finding, "use a cable, or a stronger signal: models take longer to arrive than to run"
    )


def check_clock_skew(client: DeviceClient) -> Check:
    """Check that both clocks agree."""
    before = time.time()
    device_time = client.device_time()
    skew_s = device_time - (before + time.time()) / 2
    if abs(skew_s) <= CLOCK_SKEW_S:
        return _good("clock skew", f"the device's clock differs by {abs(skew_s):.1f} s")
    side = "ahead of" if skew_s > 0 else "behind"
    remedy = "let both be set from the network: `timedatectl set-ntp true`"
    return _warning("clock skew", f"the device's clock is {abs(skew_s):.0f} s {side} this host's", remedy)


def check_queue(client: DeviceClient) -> Check:
    """Check that no long queue is ahead."""
    waiting = _waiting_count(client)
    finding = "no job waits or runs" if not waiting else f"{waiting} jobs wait or run"
    if waiting < LONG_QUEUE_COUNT:
        return _good("queue", finding)
    return _warning("queue", f"{finding}, and yours comes after them", "wait, or ask whose they are")


def _waiting_count(client: DeviceClient) -> int:
    """Count the jobs that wait or run; they are the newest of all but for some that were cancelled."""
    newest = itertools.islice(client.jobs(), _NEWEST_JOB_COUNT)
    return sum(not job.state.is_final for job in newest)


def _is_unimplemented(error: BaseException) -> bool:
    cause = error.__cause__
    return isinstance(cause, grpc.Call) and cause.code() == grpc.StatusCode.UNIMPLEMENTED


def _good(name: str, finding: str) -> Check:
    return Check(name=name, level=CheckLevel.GOOD, finding=finding)


def _warning(name: str, finding: str, remedy: str) -> Check:
    return Check(name=name, level=CheckLevel.WARNING, finding=finding, remedy=remedy)


def _trouble(name: str, finding: str, remedy: str) -> Check:
    return Check(name=name, level=CheckLevel.TROUBLE, finding=finding, remedy=remedy)
