import asyncio
import contextlib
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from device_agent.agent_process import Agent, StartAgent
from free_port import free_port
from prometheus_client.parser import text_string_to_metric_families

from edgeprof_agent.metrics.endpoint import serving_metrics
from edgeprof_agent.metrics.readings import device_metrics
from edgeprof_agent.metrics.text_format import text_of
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_proto import CONTRACT_REVISION
from edgeprof_proto.records.measurement import Conditions, Temperature
from edgeprof_proto.version import VERSION

AGENT = (sys.executable, "-m", "edgeprof_agent", "serve", "--listen", "127.0.0.1:0")

Series = dict[tuple[str, ...], float]


def parse(text: str) -> Series:
    """Every value by the name of its metric and the values of its labels."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {(sample.name, *sample.labels.values()): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def read_metrics(address: str) -> Series:
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return parse(answer.read().decode())


def exchange(address: str, request: bytes) -> bytes:
    """Send a request as it stands and return the first line of the answer."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection, connection.makefile("rb") as answer:
        connection.sendall(request)
        return answer.readline()


@pytest.fixture
def address() -> str:
    """An address on loopback that nobody listens on."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def agent(start_agent: StartAgent, address: str) -> Iterator[Agent]:
    yield start_agent(METRICS=address)


def test_jobs_and_verdicts_are_told_as_they_are(agent: Agent, address: str) -> None:
    agent.upload()
    for job_id, act in (("a", "measure"), ("b", "measure"), ("c", "refuse"), ("d", "hang_measuring"), ("e", "measure")):
        agent.create_job(job_id, act)
    agent.create_job("f")
    agent.cancel_job("f")
    agent.wait_for_block("d")
    found = read_metrics(address)
    states = {labels[0]: value for (name, *labels), value in found.items() if name == "edgeprof_jobs"}
    assert states == {"queued": 1, "running": 1, "succeeded": 2, "failed": 1, "cancelled": 1}
    verdicts = {labels[0]: value for (name, *labels), value in found.items() if name == "edgeprof_measurements_total"}
    assert verdicts["stable"] == sum(verdicts.values()) == 2
    assert {"noisy", "drifting", "throttled", "fallback", "setting_not_met", "too_few_runs"} < set(verdicts)
    ((_, version, revision, device_id),) = (key for key in found if key[0] == "edgeprof_agent_info")
    assert (version, revision) == (VERSION, str(CONTRACT_REVISION))
    assert re.fullmatch(r"[0-9a-f-]{32,36}", device_id)
    assert 0 < found["edgeprof_agent_uptime_seconds",] < read_metrics(address)["edgeprof_agent_uptime_seconds",]


def test_other_requests_are_refused_and_the_agent_goes_on(agent: Agent, address: str) -> None:
    assert exchange(address, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 404 ")
    assert exchange(address, b"POST /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 405 ")
    assert exchange(address, b"GET /metrics?x=1 HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert exchange(address, b"\r\n\r\n").startswith(b"HTTP/1.1 404 ")
    assert exchange(address, b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 8_192).startswith(b"HTTP/1.1 400 ")
    with contextlib.ExitStack() as stack:
        host, port = address.split(":")
        # Those that say nothing hold their places, for a few seconds only.
        silent = [stack.enter_context(socket.create_connection((host, int(port)), timeout=20)) for _ in range(8)]
        assert exchange(address, b"GET /metrics HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 503 ")
        for connection in silent:
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(1_000):
                pass
    assert read_metrics(address)
    assert agent.stop() == 0


def test_an_agent_serves_them_where_its_command_line_says_and_says_where(
    start_agent: StartAgent, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    agent = start_agent(command=(*AGENT, "--metrics", "127.0.0.1:0"), LOG_FILE=str(log))
    (address,) = re.findall(r"metrics on http://(\S+)/metrics", log.read_text())
    assert ("edgeprof_jobs", "queued") in read_metrics(address)
    libraries = Path(f"/proc/{agent.process.pid}/maps").read_text()
    assert not [name for name in ("numpy", "libcrypto", "libssl") if name in libraries]


def test_an_address_that_is_taken_is_refused_in_one_sentence(agent: Agent, address: str, tmp_path: Path) -> None:
    command = [*AGENT, "--metrics", address, "--data-dir", str(tmp_path / "other")]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (refused.returncode, refused.stdout) == (1, "")
    (sentence,) = (line for line in refused.stderr.splitlines() if "edgeprof-agent:" in line)
    assert f"cannot serve metrics on {address}: Address already in use; choose another with --metrics" in sentence


def test_reading_waits_for_the_end_of_a_timed_block(address: str) -> None:
    async def scenario() -> None:
        quiet_window = QuietWindow()
        async with serving_metrics(address, lambda: device_metrics(Conditions()), quiet_window):
            quiet_window.begin_block()
            reader, writer = await asyncio.open_connection(*address.split(":"))
            writer.write(b"GET /metrics HTTP/1.1\r\n\r\n")
            reading = asyncio.ensure_future(reader.readline())
            assert not (await asyncio.wait({reading}, timeout=0.2))[0]
            quiet_window.end_block()
            assert (await reading).startswith(b"HTTP/1.1 200 ")
            writer.close()
            await writer.wait_closed()

    asyncio.run(scenario())


def test_heat_is_told_in_the_devices_own_names() -> None:
    conditions = Conditions(
        temperatures=(
            Temperature(zone="cpu-thermal", temperature_celsius=61.5),
            Temperature(zone='a "zone"\\of\nsomebody', temperature_celsius=-3.0),
            Temperature(zone="acpitz", temperature_celsius=27.8),
            Temperature(zone="acpitz", temperature_celsius=29.8),
        ),
        throttling_flags=("under-voltage", "throttled-has-occurred"),
        has_throttling_flags=True,
        throttling_event_count=7,
    )
    assert parse(text_of(device_metrics(conditions))) == {
        ("edgeprof_temperature_celsius", "cpu-thermal"): 61.5,
        ("edgeprof_temperature_celsius", 'a "zone"\\of\nsomebody'): -3.0,
        ("edgeprof_temperature_celsius", "acpitz"): 29.8,
        ("edgeprof_throttling_flags",): 2,
        ("edgeprof_throttling_flag", "under-voltage"): 1,
        ("edgeprof_throttling_flag", "throttled-has-occurred"): 1,
        ("edgeprof_throttling_events_total",): 7,
    }


def test_what_a_device_does_not_report_is_left_out() -> None:
    assert text_of(device_metrics(Conditions())) == ""
    assert parse(text_of(device_metrics(Conditions(has_throttling_flags=True)))) == {("edgeprof_throttling_flags",): 0}
