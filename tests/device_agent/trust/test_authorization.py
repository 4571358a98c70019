"""Every method of every service, tried with every credential that must not do."""

import asyncio
import contextlib
import datetime
import importlib
import pkgutil
import queue
import socket
import ssl
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace

import grpc
import pytest
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc

import edgeprof_proto.v1
from edgeprof_agent.trust.authorization import AuthorizationInterceptor
from edgeprof_agent.trust.hosts import PairedHosts
from edgeprof_proto import REASON_METADATA_KEY
from edgeprof_proto.shared.trust import KeyPair, make_device_key, make_host_key
from edgeprof_proto.v1 import device_agent_pb2, device_agent_pb2_grpc

MODULES = [
    health_pb2,
    *(
        importlib.import_module(f"edgeprof_proto.v1.{module.name}")
        for module in pkgutil.iter_modules(edgeprof_proto.v1.__path__)
        if module.name.endswith("_pb2")
    ),
]
METHODS = sorted(
    f"/{service.full_name}/{method.name}"
    for module in MODULES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
)
OPEN = {"/grpc.health.v1.Health/Check", "/edgeprof_proto.v1.PairingService/Pair"}

UNPAIRED, REVOKED, EXPIRED = make_host_key(), make_host_key(), make_host_key(datetime.datetime(2001, 1, 1))
LEAVING, SELF_SIGNED, UPLOADING = make_host_key(), make_device_key("no host at all"), make_host_key()


@pytest.fixture(scope="module")
def extra_paired() -> list[KeyPair]:
    # What TLS refuses is paired, so that nothing but TLS can refuse it.
    return [REVOKED, EXPIRED, LEAVING, SELF_SIGNED, UPLOADING]


@pytest.fixture(scope="module")
def revoked(agent) -> KeyPair:
    assert agent.edgeprof_agent("hosts", "--revoke", "host1").returncode == 0
    return REVOKED


def call(channel: grpc.Channel, method: str) -> grpc.RpcError | None:
    """Call a method with an empty message, whatever it takes, until its first answer; returns how it was refused."""
    # On the wire all four kinds of calls look the same.
    responses = channel.stream_stream(method)(iter([b""]), timeout=20)
    try:
        next(responses, None)
    except grpc.RpcError as error:
        return error
    finally:
        responses.cancel()
    return None


def reason(error: grpc.RpcError | None) -> str | None:
    return dict(error.trailing_metadata() or ()).get(REASON_METADATA_KEY) if error is not None else None


def assert_nothing_is_reached(agent, channel: grpc.Channel, code: grpc.StatusCode, why: str | None) -> None:
    agent.spy.reached.clear()
    for method in METHODS:
        error = call(channel, method)
        if why is not None and method in OPEN:
            continue
        assert error is not None, method
        assert (error.code(), reason(error)) == (code, why), method
    assert agent.spy.reached == (OPEN if why is not None else set())


def test_descriptors_name_the_methods_that_are_known_today() -> None:
    assert len(METHODS) >= 12
    assert set(METHODS) > OPEN


def test_paired_host_reaches_every_handler(agent) -> None:
    agent.spy.reached.clear()
    with agent.channel(agent.paired) as channel:
        for method in METHODS:
            assert reason(call(channel, method)) != "ERROR_REASON_NOT_PAIRED", method
    # Some methods of health may be newer than the service that grpcio-health-checking brings.
    missed = set(METHODS) - agent.spy.reached
    assert all(method.startswith("/grpc.health.") for method in missed), missed


@pytest.mark.parametrize("who", ["unpaired", "revoked"])
def test_host_that_is_not_paired_reaches_no_handler(agent, revoked, who) -> None:
    with agent.channel(UNPAIRED if who == "unpaired" else revoked) as channel:
        assert_nothing_is_reached(agent, channel, grpc.StatusCode.UNAUTHENTICATED, "ERROR_REASON_NOT_PAIRED")


@pytest.mark.parametrize(
    "who", ["expired certificate", "certificate of no host", "another host's key", "no certificate"]
)
def test_host_that_tls_refuses_reaches_no_handler(agent, who) -> None:
    key = {
        "expired certificate": EXPIRED,
        "certificate of no host": SELF_SIGNED,
        "another host's key": KeyPair(
            private_key_pem=UNPAIRED.private_key_pem, certificate_pem=agent.paired.certificate_pem
        ),
        "no certificate": None,
    }[who]
    with agent.channel(key) as channel:
        assert_nothing_is_reached(agent, channel, grpc.StatusCode.UNAVAILABLE, None)


def test_plain_text_reaches_no_handler(agent) -> None:
    with grpc.insecure_channel(agent.address) as channel:
        assert_nothing_is_reached(agent, channel, grpc.StatusCode.UNAVAILABLE, None)


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_version_of_tls_is_refused_even_with_a_paired_key(agent, tmp_path, version) -> None:
    agent.spy.reached.clear()
    (tmp_path / "pem").write_bytes(agent.paired.private_key_pem + agent.paired.certificate_pem)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context = tls(getattr(ssl.TLSVersion, version))
    context.load_cert_chain(tmp_path / "pem")
    with pytest.raises((ssl.SSLError, ConnectionError)), connected(agent.address) as plain:
        context.wrap_socket(plain)
    assert not agent.spy.reached


def test_same_handshake_succeeds_with_a_version_of_today(agent, tmp_path) -> None:
    (tmp_path / "pem").write_bytes(agent.paired.private_key_pem + agent.paired.certificate_pem)
    context = tls(ssl.TLSVersion.TLSv1_2)
    context.load_cert_chain(tmp_path / "pem")
    with connected(agent.address) as plain, context.wrap_socket(plain) as encrypted:
        assert encrypted.version() == "TLSv1.2"


def tls(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # OpenSSL itself would refuse old versions otherwise, and the agent would not be asked.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


@contextlib.contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield connection


def test_health_answers_without_pairing_and_tells_nothing_else(agent) -> None:
    with agent.channel(make_host_key()) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=20)
        assert answer == health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)
        with pytest.raises(grpc.RpcError) as refused:
            stub.Check(health_pb2.HealthCheckRequest(service="edgeprof_proto.v1.DeviceAgentService"), timeout=20)
        assert refused.value.code() == grpc.StatusCode.NOT_FOUND


def test_reflection_is_off(agent) -> None:
    with agent.channel(agent.paired) as channel:
        error = call(channel, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    assert error is not None and error.code() == grpc.StatusCode.UNIMPLEMENTED


def test_revoked_host_is_cut_off_in_the_middle_of_its_upload(agent) -> None:
    with agent.channel(UPLOADING) as channel:
        header = device_agent_pb2.UploadModelHeader(model_sha256="a" * 64, size_bytes=100)
        parts: queue.SimpleQueue[device_agent_pb2.UploadModelRequest | None] = queue.SimpleQueue()
        parts.put(device_agent_pb2.UploadModelRequest(header=header))
        parts.put(device_agent_pb2.UploadModelRequest(chunk=bytes(50)))
        agent.spy.reached.clear()
        stub = device_agent_pb2_grpc.DeviceAgentServiceStub(channel)
        upload = stub.UploadModel.future(iter(parts.get, None), timeout=60)
        while not agent.spy.reached:
            time.sleep(0.01)
        assert agent.edgeprof_agent("hosts", "--revoke", "host5").returncode == 0
        assert (upload.code(), reason(upload)) == (grpc.StatusCode.UNAUTHENTICATED, "ERROR_REASON_NOT_PAIRED")
        parts.put(None)


def test_handler_that_yields_its_answers_is_cut_off_and_closed() -> None:
    closed: list[bool] = []
    aborted: list[grpc.StatusCode] = []

    async def handler(request: bytes, context: object) -> AsyncIterator[bytes]:
        try:
            yield request
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    class Context:
        def __init__(self) -> None:
            self.written = asyncio.Event()

        def auth_context(self) -> dict[str, list[bytes]]:
            return {"x509_pem_cert": [UNPAIRED.certificate_pem]}

        async def write(self, response: bytes) -> None:
            self.written.set()

        async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: object) -> None:
            aborted.append(code)
            raise grpc.aio.AbortError

    async def continuation(details: object) -> grpc.RpcMethodHandler:
        return grpc.unary_stream_rpc_method_handler(handler)

    async def cut_off(folder: Path) -> None:
        hosts = PairedHosts(folder)
        interceptor, context = AuthorizationInterceptor(hosts), Context()
        hosts.add("host", UNPAIRED.fingerprint)
        guarded = await interceptor.intercept_service(continuation, SimpleNamespace(method="/some.Service/AddedLater"))
        call = asyncio.ensure_future(guarded.unary_stream(b"", context))
        await context.written.wait()
        hosts.revoke("host")
        with pytest.raises(grpc.aio.AbortError):
            await call

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(cut_off(Path(folder)))
    assert (closed, aborted) == ([True], [grpc.StatusCode.UNAUTHENTICATED])


def test_certificates_are_valid_whatever_a_board_takes_for_today() -> None:
    for key in (make_device_key("device"), make_host_key()):
        certificate = x509.load_pem_x509_certificate(key.certificate_pem)
        assert certificate.not_valid_before_utc.year == 1970
        assert certificate.not_valid_after_utc.year == 9999


def test_revoked_host_is_cut_off_in_the_middle_of_its_call(agent) -> None:
    with agent.channel(LEAVING) as channel:
        stream = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        next(stream)
        assert agent.edgeprof_agent("hosts", "--revoke", "host3").returncode == 0
        with pytest.raises(grpc.RpcError) as cut:
            next(stream)
    assert (cut.value.code(), reason(cut.value)) == (grpc.StatusCode.UNAUTHENTICATED, "ERROR_REASON_NOT_PAIRED")
