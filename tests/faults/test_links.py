"""Peers that stop answering, and connections that break."""

import os
import signal
import threading
import time

import pytest
from faults.conftest import Bench, go_on, host_process, until
from faults.proxy import MuteLink
from faults.rows import fault

from edgeprof.devices import channel as channel_module
from edgeprof.devices import waiting
from edgeprof.devices.client import DeviceClient
from edgeprof.devices.job_following import DEFAULT_PATIENCE_S
from edgeprof.errors import AgentUnavailableError
from edgeprof.testing import Link
from edgeprof_agent import server
from edgeprof_proto.records.job import JobEvent
from edgeprof_proto.records.measurement import LatencyBlock
from edgeprof_proto.v1 import device_agent_pb2

FASTER = 20
"""How many times as fast as in use everything goes where a link is slow: the link and the limits alike."""

SHORT = {"grpc.keepalive_time_ms": 500, "grpc.keepalive_timeout_ms": 1_000, "grpc.http2.ping_timeout_ms": 1_000}


def with_short_times(options: "tuple[tuple[str, int], ...]") -> list[tuple[str, int]]:
    """The same options with times that a test can wait for; a channel of its own each."""
    return [*((name, SHORT.get(name, value)) for name, value in options), ("grpc.use_local_subchannel_pool", 1)]


@fault(
    fault="SIGSTOP of the agent, or a board that hangs or loses its power, while a job is measured",
    sees="Within 30 s the host says that the connection broke, and asks again until the agent answers or its time "
    "limit is reached.",
    kept="The job, which goes on with the agent; the host gets each event once.",
)
def test_stopped_agent_is_noticed_and_gone_on_with(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_module, "CHANNEL_OPTIONS", with_short_times(channel_module.CHANNEL_OPTIONS))
    agent = bench.start_agent()
    seen: list[JobEvent] = []
    with DeviceClient(agent.address) as client:
        client.upload_model(bench.model)
        agent.create_job("first", "hang")
        agent.wait_for_block("first")
        agent.process.send_signal(signal.SIGSTOP)
        with pytest.raises(AgentUnavailableError):
            list(client.watch_job("first"))
        threading.Timer(1.0, agent.process.send_signal, (signal.SIGCONT,)).start()
        until(lambda: _answers(client))
        client.cancel_job("first")
        bench.measure(client, "a", on_event=seen.append)
    assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
    bench.assert_counted_once(agent, "a")


def _answers(client: DeviceClient) -> bool:
    try:
        client.handshake()
    except AgentUnavailableError:
        return False
    return True


def test_times_of_both_sides_notice_silence_within_30_s() -> None:
    for options in (dict(channel_module.CHANNEL_OPTIONS), dict(server._CHANNEL_OPTIONS)):
        for name in ("grpc.keepalive_timeout_ms", "grpc.http2.ping_timeout_ms"):
            assert options["grpc.keepalive_time_ms"] + options[name] <= 30_000
        assert options["grpc.keepalive_permit_without_calls"] == 1
        assert options["grpc.http2.bdp_probe"] == 0
    least_ms = dict(server._CHANNEL_OPTIONS)["grpc.http2.min_recv_ping_interval_without_data_ms"]
    assert least_ms < dict(channel_module.CHANNEL_OPTIONS)["grpc.keepalive_time_ms"]


@fault(
    fault="SIGSTOP of the host while others wait",
    sees="Other hosts wait for its running job only; once its lease has expired its queued jobs run after theirs.",
    kept="Its jobs and results; it goes on where it was when it wakes.",
)
def test_stopped_host_blocks_nobody_and_goes_on_when_it_wakes(bench: Bench) -> None:
    agent = bench.start_agent()
    with host_process(agent, "a", "measure", bench.model, "warming_up") as host:
        host.send_signal(signal.SIGSTOP)
        with DeviceClient(agent.address, host_name="other-host") as client:
            bench.measure(client, "b")
        assert agent.get_job("a").HasField("measurement")
        host.send_signal(signal.SIGCONT)
        assert go_on(host) == (0, "")
    assert agent.get_job("a").HasField("acknowledge_time")
    for job_id in "ab":
        bench.assert_counted_once(agent, job_id)


@fault(
    fault="A link of a few kilobytes in a second",
    sees="A slow upload, and no break: a ping waits behind 64 KiB at most, and patience counts from the last progress.",
    kept="Everything.",
)
def test_slow_link_is_not_taken_for_a_silent_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """3 MB at 20 kB/s take two and a half minutes, where one of patience is allowed: here 20 times as fast."""
    monkeypatch.setattr(channel_module, "CHANNEL_OPTIONS", with_short_times(channel_module.CHANNEL_OPTIONS))
    monkeypatch.setattr(waiting, "STALL_S", waiting.STALL_S / FASTER)
    agent = bench.start_agent()
    bench.model.write_bytes(os.urandom(3_000_000))
    patience_s = DEFAULT_PATIENCE_S / FASTER
    start_s = time.monotonic()
    with (
        Link(agent.address, bytes_per_s=20_000 * FASTER) as link,
        DeviceClient(link.address, patience_s=patience_s) as client,
    ):
        bench.measure(client, "a")
    assert time.monotonic() - start_s > 2 * patience_s
    bench.assert_counted_once(agent, "a")


@fault(
    fault="The connection is cut in the middle of an upload",
    sees="Nothing: the upload goes on at the byte where it broke off.",
    kept="What had arrived.",
)
def test_upload_goes_on_after_a_cut(bench: Bench) -> None:
    agent = bench.start_agent()
    bench.model.write_bytes(os.urandom(1_000_000))
    with Link(agent.address, cut_after_bytes=500_000) as link, DeviceClient(link.address) as client:
        bench.measure(client, "a")
    bench.assert_counted_once(agent, "a")


@fault(
    fault="The connection is cut in the middle of the stream of a job's events",
    sees="Nothing, or a line in the log: the stream goes on at the next event.",
    kept="Every event, each once.",
)
def test_stream_goes_on_after_a_cut(bench: Bench) -> None:
    agent = bench.start_agent()
    seen: list[JobEvent] = []

    def cut(event: JobEvent) -> None:
        seen.append(event)
        if isinstance(event.event, LatencyBlock):
            link.cut()

    with Link(agent.address) as link, DeviceClient(link.address) as client:
        bench.measure(client, "a", on_event=cut)
    assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
    bench.assert_counted_once(agent, "a")


@fault(
    fault="The connection is cut in the middle of an acknowledgement, before or after it took effect",
    sees="A line in the log.",
    kept="The result on both sides until the host acknowledges it again, with its next acknowledgement.",
)
@pytest.mark.parametrize("has_effect", [False, True], ids=["before", "after"])
def test_acknowledgement_that_was_cut_is_made_again(bench: Bench, has_effect: bool) -> None:
    agent = bench.start_agent()
    with MuteLink(agent.address) as link, DeviceClient(link.address) as client:
        bench.measure(client, "a")
        if has_effect:
            link.is_mute = True
        else:
            link.refuses = True
            link.cut()
        client.acknowledge(("a",))
        assert agent.get_job("a").HasField("acknowledge_time") == has_effect
        link.refuses = False
        bench.measure(client, "b")
        until(lambda: (client.acknowledge(("b",)), agent.get_job("b").HasField("acknowledge_time"))[1])
    for job_id in "ab":
        assert agent.get_job(job_id).HasField("acknowledge_time")
        bench.assert_counted_once(agent, job_id)


@fault(
    fault="The connection is cut after a job was asked for and before the answer",
    sees="Nothing: the host asks for the same job again.",
    kept="One job.",
)
def test_job_whose_answer_was_lost_is_asked_for_once(bench: Bench) -> None:
    agent = bench.start_agent()
    with MuteLink(agent.address) as link, DeviceClient(link.address) as client:
        client.upload_model(bench.model)
        link.is_mute = True
        bench.measure(client, "a")
    jobs = agent.stub.ListJobs(device_agent_pb2.ListJobsRequest()).jobs
    assert [job.job_id for job in jobs] == ["a"]
    bench.assert_counted_once(agent, "a")
