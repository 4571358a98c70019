import asyncio
import contextlib
import dataclasses
import inspect
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.data_dir import exclusive_data_dir
from edgeprof_agent.server import running_agent
from edgeprof_agent.trust.hosts import PairedHosts
from edgeprof_agent.trust.identity import make_identity
from edgeprof_proto.shared.trust import TLS_NAME, KeyPair, make_host_key


class Spy(grpc.aio.ServerInterceptor):
    """Stands right before the handlers and writes down which of them a call has reached."""

    def __init__(self) -> None:
        self.reached: set[str] = set()

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Any:
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        kind = "_".join("stream" if s else "unary" for s in (handler.request_streaming, handler.response_streaming))
        inner = getattr(handler, kind)

        async def spied(request: Any, context: Any) -> Any:
            self.reached.add(handler_call_details.method)
            if not inspect.isasyncgenfunction(inner):
                return await inner(request, context)
            async for response in inner(request, context):
                await context.write(response)

        make_handler = getattr(grpc, f"{kind}_rpc_method_handler")
        return make_handler(spied, handler.request_deserializer, handler.response_serializer)


@dataclasses.dataclass
class TrustedAgent:
    """An agent with TLS in this process."""

    address: str
    data_dir: Path
    device: KeyPair
    spy: Spy
    paired: KeyPair

    @contextlib.contextmanager
    def channel(self, key: KeyPair | None) -> Iterator[grpc.Channel]:
        """A channel that believes the device, with the key of a host or with none."""
        own = () if key is None else (key.private_key_pem, key.certificate_pem)
        credentials = grpc.ssl_channel_credentials(self.device.certificate_pem, *own)
        options = [("grpc.ssl_target_name_override", TLS_NAME), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.secure_channel(self.address, credentials, options=options) as channel:
            yield channel

    def edgeprof_agent(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "edgeprof_agent", *arguments, "--data-dir", str(self.data_dir)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    @contextlib.contextmanager
    def code(self) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
        """A code that a real `edgeprof-agent pair` shows, and its process."""
        command = [sys.executable, "-m", "edgeprof_agent", "pair", "--data-dir", str(self.data_dir)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline().removeprefix("code: ").replace(" ", "").strip(), process
            finally:
                process.terminate()


@contextlib.asynccontextmanager
async def _running(data_dir: Path, spy: Spy) -> AsyncIterator[str]:
    config = AgentConfig(data_dir=data_dir, port=0, disk_reserve_bytes=0)
    no_device = (sys.executable, "-c", "raise SystemExit(1)")
    async with running_agent(config, describe_command=no_device, interceptors=(spy,)) as address:
        yield address


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, extra_paired: list[KeyPair]) -> Iterator[TrustedAgent]:
    data_dir = tmp_path_factory.mktemp("agent")
    device, paired, spy = make_identity(data_dir), make_host_key(), Spy()
    with exclusive_data_dir(data_dir):
        hosts = PairedHosts(data_dir)
        for number, key in enumerate((paired, *extra_paired)):
            hosts.add(f"host{number}", key.fingerprint)
    ready: list[str] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        async with _running(data_dir, spy) as address:
            ready.append(address)
            started.set()
            await stop.wait()
        if pending := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(pending, timeout=5)

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert started.wait(30)
        yield TrustedAgent(ready[0], data_dir, device, spy, paired)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def extra_paired() -> list[KeyPair]:
    """Hosts that are paired besides the first; a module may name its own."""
    return []
