"""The code and what binds it: real agent, real `edgeprof-agent pair`, real host."""

import asyncio
import json
import queue
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from edgeprof.devices.pairing import pair
from edgeprof.errors import EdgeprofError, NotPairedError, PairingClosedError, PairingRefusedError
from edgeprof_agent.data_dir import exclusive_data_dir
from edgeprof_agent.trust.hosts import PairedHosts
from edgeprof_agent.trust.pairing_servicer import (
    CODE_LIFETIME_S,
    MAX_ATTEMPT_COUNT,
    MAX_EXCHANGE_COUNT,
    PairingServicer,
)
from edgeprof_proto.shared.pairing import Exchange, ExchangeError
from edgeprof_proto.shared.trust import OPEN_ISSUER_PEM, make_device_key, make_host_key
from edgeprof_proto.v1 import pairing_pb2, pairing_pb2_grpc


@pytest.fixture(autouse=True)
def pairings(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGEPROF_PAIRINGS", str(tmp_path / "host" / "pairings.json"))
    return tmp_path / "host" / "pairings.json"


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def fingerprints(agent) -> set[str]:
    return {host["fingerprint"] for host in json.loads((agent.data_dir / "hosts.json").read_text())["hosts"]}


def test_host_with_the_code_is_paired_and_the_code_is_used_up(agent, pairings) -> None:
    with agent.code() as (code, process):
        name = pair(agent.address, lambda: f"{code[:4]} {code[4:]}\n")
        assert process.wait(timeout=20) == 0
        assert f"paired with {name}" in process.stdout.read()
    assert name in agent.edgeprof_agent("hosts").stdout
    pairings.unlink()
    with pytest.raises(PairingClosedError):
        pair(agent.address, lambda: code)


def test_five_wrong_tries_end_the_code(agent) -> None:
    before = fingerprints(agent)
    with agent.code() as (code, process):
        for _ in range(MAX_ATTEMPT_COUNT):
            with pytest.raises(PairingRefusedError):
                pair(agent.address, lambda: another(code))
        with pytest.raises(PairingClosedError):
            pair(agent.address, lambda: code)
        assert process.wait(timeout=20) == 1
        assert "5 attempts failed" in process.stderr.read()
    assert fingerprints(agent) == before


def test_fifth_try_may_be_the_right_one(agent) -> None:
    with agent.code() as (code, process):
        for _ in range(MAX_ATTEMPT_COUNT - 1):
            with pytest.raises(PairingRefusedError):
                pair(agent.address, lambda: another(code))
        pair(agent.address, lambda: code)
        assert process.wait(timeout=20) == 0


def test_code_of_a_command_that_was_ended_is_worth_nothing(agent) -> None:
    with agent.code() as (code, process):
        process.terminate()
        process.wait(timeout=20)
        # The agent hears of it a moment later.
        for _ in range(MAX_ATTEMPT_COUNT):
            with pytest.raises((PairingClosedError, PairingRefusedError)) as refused:
                pair(agent.address, lambda: code)
            if isinstance(refused.value, PairingClosedError):
                break
        assert isinstance(refused.value, PairingClosedError)


def test_a_text_that_is_no_code_costs_no_try_and_is_not_repeated(agent) -> None:
    with pytest.raises(PairingRefusedError, match="8 digits") as refused:
        pair(agent.address, lambda: "1234 567x")
    assert "567x" not in str(refused.value)


def test_somebody_in_the_middle_of_the_first_contact_gains_nothing(agent, pairings) -> None:
    before = fingerprints(agent)
    own_device, own_host = make_device_key("middle"), make_host_key()

    class Middle(pairing_pb2_grpc.PairingServiceServicer):
        def Pair(self, request_iterator: Any, context: Any) -> Any:
            with agent.channel(own_host) as channel:
                yield from pairing_pb2_grpc.PairingServiceStub(channel).Pair(request_iterator, timeout=20)

    server = grpc.server(ThreadPoolExecutor(2))
    pairing_pb2_grpc.add_PairingServiceServicer_to_server(Middle(), server)
    credentials = grpc.ssl_server_credentials(
        [(own_device.private_key_pem, own_device.certificate_pem)], OPEN_ISSUER_PEM, require_client_auth=True
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    with agent.code() as (code, process):
        try:
            with pytest.raises(EdgeprofError):
                pair(f"127.0.0.1:{port}", lambda: code)
        finally:
            server.stop(None).wait()
        assert process.poll() is None
        assert fingerprints(agent) == before
        assert json.loads(pairings.read_text())["devices"] == {}
        pair(agent.address, lambda: code)


def test_recorded_messages_of_a_pairing_are_worth_nothing_with_the_same_code() -> None:
    ends = {"host_fingerprint": "a" * 64, "device_fingerprint": "b" * 64}
    host, device, later = (Exchange("12345678", **ends, is_host=is_host) for is_host in (True, False, False))
    device.finish(host.message)
    host.finish(device.message)
    device.check(host.proof)
    host.check(device.proof)
    later.finish(host.message)
    with pytest.raises(ExchangeError):
        later.check(host.proof)
    with pytest.raises(ExchangeError):
        # Its own proof, reflected.
        device.check(device.proof)


@pytest.mark.parametrize("message", [b"", b"A" * 32, b"A" + b"\xff" * 32, b"A" + bytes(32), b"B" + bytes(32)])
def test_message_that_is_none_of_spake2_is_refused(message) -> None:
    device = Exchange("12345678", host_fingerprint="a", device_fingerprint="b", is_host=False)
    with pytest.raises(ExchangeError):
        device.finish(message)


def test_at_most_sixteen_hosts_try_at_once(agent) -> None:
    with agent.channel(make_host_key()) as channel:
        stub = pairing_pb2_grpc.PairingServiceStub(channel)
        ends: list[queue.SimpleQueue[None]] = [queue.SimpleQueue() for _ in range(MAX_EXCHANGE_COUNT)]
        waiting = [stub.Pair(iter(end.get, None)) for end in ends]
        try:
            codes = set()
            for _ in range(200):
                with pytest.raises(grpc.RpcError) as refused:
                    next(stub.Pair(iter([pairing_pb2.PairRequest()]), timeout=20))
                codes.add(refused.value.code())
                if grpc.StatusCode.RESOURCE_EXHAUSTED in codes:
                    break
            assert grpc.StatusCode.RESOURCE_EXHAUSTED in codes
        finally:
            for stream, end in zip(waiting, ends, strict=True):
                stream.cancel()
                end.put(None)


class Context:
    """A call of a host with a certificate, with what the pairing service reads of it."""

    def __init__(self, certificate_pem: bytes) -> None:
        self._certificate_pem = certificate_pem

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"x509_pem_cert": [self._certificate_pem]}

    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Any) -> None:
        raise RuntimeError(trailing_metadata[0][1])


@pytest.mark.parametrize(("age_s", "reason"), [(0.0, "REFUSED"), (CODE_LIFETIME_S, "CLOSED")])
def test_code_lives_ten_minutes(tmp_path, age_s, reason) -> None:
    now = [1000.0]

    async def ask(question: dict[str, Any]) -> dict[str, Any]:
        return {}

    async def requests() -> Any:
        start = pairing_pb2.PairingStart(host_name="host", spake2_message=bytes(33))
        yield pairing_pb2.PairRequest(start=start)

    async def try_once() -> None:
        pairing = PairingServicer(PairedHosts(folder), device_fingerprint="a" * 64, device_id="d", clock=lambda: now[0])
        pairing.open(ask)
        now[0] += age_s
        async for _ in pairing.Pair(requests(), Context(make_host_key().certificate_pem)):
            pass

    with exclusive_data_dir(tmp_path / "agent") as folder, pytest.raises(RuntimeError, match=reason):
        asyncio.run(try_once())


def test_host_that_was_revoked_reads_so_and_can_be_paired_again(agent) -> None:
    from edgeprof import connect

    with agent.code() as (code, _):
        name = pair(agent.address, lambda: code)
    with connect(agent.address):
        pass
    assert agent.edgeprof_agent("hosts", "--revoke", name).returncode == 0
    with pytest.raises(NotPairedError):
        connect(agent.address)
    with agent.code() as (code, _):
        pair(agent.address, lambda: code)
    with connect(agent.address):
        pass
