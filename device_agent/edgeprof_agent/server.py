"""The agent's server process: builds the parts, starts them, and stops them within two seconds."""

import asyncio
import contextlib
import dataclasses
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from edgeprof_agent.announcement import announced
from edgeprof_agent.config import AgentConfig
from edgeprof_agent.control import serving_commands
from edgeprof_agent.data_dir import exclusive_data_dir, read_device_id
from edgeprof_agent.device.description_process import DESCRIBE_COMMAND, DeviceDescriber
from edgeprof_agent.doctor.process import Diagnoser
from edgeprof_agent.errors import IdentityError, ListenError
from edgeprof_agent.freed_memory import return_freed_memory
from edgeprof_agent.isolation.plan import plan_isolation, worker_environment
from edgeprof_agent.isolation.usable_safeguards import UsableSafeguards
from edgeprof_agent.jobs.job_queue import JobQueue
from edgeprof_agent.jobs.journal import Journal, open_journal
from edgeprof_agent.jobs.leases import Leases
from edgeprof_agent.jobs.owner_commands import OwnerCommands
from edgeprof_agent.jobs.worker_process import WORKER_COMMAND, WorkerProcess
from edgeprof_agent.listening import reason_not_to_listen
from edgeprof_agent.models.model_store import ModelStore
from edgeprof_agent.models.upload import CHUNK_BYTES_LIMIT
from edgeprof_agent.quiet_window import QuietWindow
from edgeprof_agent.rpc.decoding import DecodingInterceptor
from edgeprof_agent.rpc.servicer import DeviceAgentServicer
from edgeprof_agent.runtimes.other_python import parse_pythons
from edgeprof_agent.service.notification import notify, notify_watchdog
from edgeprof_agent.trust.authorization import AuthorizationInterceptor
from edgeprof_agent.trust.hosts import PairedHosts
from edgeprof_agent.trust.identity import identity_for
from edgeprof_agent.trust.pairing_servicer import PairingServicer
from edgeprof_agent.worker.node_placement import NodePlacementCache
from edgeprof_proto import KEEPALIVE_OPTIONS
from edgeprof_proto.shared.trust import OPEN_ISSUER_PEM, KeyPair
from edgeprof_proto.v1 import device_agent_pb2_grpc, pairing_pb2_grpc
from edgeprof_proto.version import VERSION

logger = logging.getLogger(__name__)

STOP_GRACE_S = 0.5
"""Time for running calls to end when the agent stops, in seconds; hosts that watch a job reconnect on their own."""

MAX_CONNECTION_COUNT = 256
"""Connections at most; further ones are refused until one is closed."""

MAX_CALL_COUNT = 32
"""Calls at once on one connection; further ones wait."""

_CHANNEL_OPTIONS = (
    # Off: with it, a second agent could listen on the same port and receive half of the calls.
    ("grpc.so_reuseport", 0),
    # One chunk with its frame; larger messages are refused.
    ("grpc.max_receive_message_length", CHUNK_BYTES_LIMIT + 1024),
    *KEEPALIVE_OPTIONS,
    # Hosts ping every 10 s, also between calls.
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
    # Anyone may connect, and each connection takes 30 to 60 kB: their number and what each may do are limited, and one
    # that does nothing is closed. A host opens its connection again with its next call.
    ("grpc.max_allowed_incoming_connections", MAX_CONNECTION_COUNT),
    ("grpc.max_concurrent_streams", MAX_CALL_COUNT),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.max_connection_idle_ms", 120_000),
)


async def serve(
    config: AgentConfig,
    *,
    on_ready: Callable[[str], None],
    worker_command: Sequence[str] = WORKER_COMMAND,
    describe_command: Sequence[str] = DESCRIBE_COMMAND,
) -> None:
    """Run an agent until SIGTERM or SIGINT. A job that is running then starts again with the next agent.

    Args:
        config: Where and within which limits.
        on_ready: Called with one line when the agent is ready, which names its address.
        worker_command: Start of a worker's command line.
        describe_command: Command line of the process that describes the device.

    Raises:
        StartError: If the data folder or the address cannot be used.
        JournalError: If the journal cannot be.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_agent(config, worker_command=worker_command, describe_command=describe_command) as address:
        # Objects alive now stay until the end; frozen, they are skipped by later collections.
        gc.collect()
        gc.freeze()
        on_ready(f"edgeprof-agent {VERSION} listening on {address}")
        notify("READY=1")
        async with _background(notify_watchdog()), announced(config, address):
            await stop.wait()
        notify("STOPPING=1")
        logger.info("stopping")
    # Cancelled calls end shortly after their server; without this wait gRPC logs a traceback for each.
    if pending := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(pending, timeout=STOP_GRACE_S)


@contextlib.asynccontextmanager
async def running_agent(
    config: AgentConfig,
    *,
    worker_command: Sequence[str] = WORKER_COMMAND,
    describe_command: Sequence[str] = DESCRIBE_COMMAND,
    interceptors: Sequence[grpc.aio.ServerInterceptor] = (),
) -> AsyncIterator[str]:
    """Run an agent inside the block.

    Args:
        config: Where and within which limits.
        worker_command: Start of a worker's command line.
        describe_command: Command line of the process that describes the device.
        interceptors: Called for every authorized call before its handler.

    Yields:
        The address it listens on, as `host:port`.

    Raises:
        StartError: If the data folder, the device's identity or the address cannot be used.
        JournalError: If the journal cannot be.
    """
    with (
        exclusive_data_dir(config.data_dir) as data_dir,
        open_journal(data_dir, disk_reserve_bytes=config.disk_reserve_bytes) as journal,
    ):
        device_id = read_device_id(data_dir)
        worker = _build_worker(config, data_dir, worker_command)
        describer = DeviceDescriber(data_dir, (*describe_command, *config.runtime_names, *config.runtime_python_items))
        quiet_window = QuietWindow()
        servicer, jobs = _build_servicer(config, data_dir, device_id, journal, worker, describer, quiet_window)
        identity = identity_for(config, data_dir)
        hosts = PairedHosts(data_dir)
        pairing = PairingServicer(
            hosts, device_fingerprint=None if identity is None else identity.fingerprint, device_id=device_id
        )
        if identity is not None:
            interceptors = (AuthorizationInterceptor(hosts), *interceptors)
        async with (
            _serving(config, servicer, pairing, identity, interceptors) as address,
            serving_commands(data_dir, pairing, hosts, OwnerCommands(journal).answer),
            _serving_metrics(config, device_id, jobs, quiet_window),
            _background(jobs.run()),
            _background(return_freed_memory(quiet_window)),
        ):
            logger.info("serving %s", "without encryption and pairing" if identity is None else "paired hosts over TLS")
            yield address


def _serving_metrics(
    config: AgentConfig, device_id: str, jobs: JobQueue, quiet_window: QuietWindow
) -> contextlib.AbstractAsyncContextManager[None]:
    if not config.metrics:
        return contextlib.nullcontext()
    # Imported by agents that serve metrics only.
    from edgeprof_agent.metrics.endpoint import serving_metrics
    from edgeprof_agent.metrics.readings import Readings

    return serving_metrics(config.metrics, Readings(device_id, jobs).read, quiet_window)


def _build_servicer(
    config: AgentConfig,
    data_dir: Path,
    device_id: str,
    journal: Journal,
    worker: WorkerProcess,
    describer: DeviceDescriber,
    quiet_window: QuietWindow,
) -> tuple[DeviceAgentServicer, JobQueue]:
    store = _build_store(config, data_dir, journal, quiet_window)
    leases = Leases(config.lease_duration_s)
    jobs = JobQueue(
        journal,
        store,
        worker,
        describer,
        leases,
        quiet_window,
        queued_job_count=config.queued_job_count,
        host_queued_job_count=config.host_queued_job_count,
        finished_job_count=config.finished_job_count,
        thread_count=config.thread_count,
    )
    servicer = DeviceAgentServicer(
        config=config,
        version=VERSION,
        device_id=device_id,
        describer=describer,
        store=store,
        jobs=jobs,
        leases=leases,
        diagnoser=Diagnoser(config, data_dir, quiet_window),
    )
    return servicer, jobs


def _build_store(config: AgentConfig, data_dir: Path, journal: Journal, quiet_window: QuietWindow) -> ModelStore:
    return ModelStore(
        data_dir,
        model_bytes=config.model_bytes,
        cache_bytes=config.model_cache_bytes,
        disk_reserve_bytes=config.disk_reserve_bytes,
        needed_models=journal.needed_models,
        upload_count=config.upload_count,
        upload_bytes_per_s=config.upload_bytes_per_s,
        quiet_window=quiet_window,
    )


def _build_worker(config: AgentConfig, data_dir: Path, command: Sequence[str]) -> WorkerProcess:
    return WorkerProcess(
        data_dir / "scratch",
        job_duration_s=config.job_duration_s,
        command=command,
        pythons=parse_pythons(config.runtime_python_items),
        environment=worker_environment(config, os.environ),
        node_placements=NodePlacementCache(data_dir / "node_counts.json"),
        plan_isolation=lambda scratch_dir: plan_isolation(config, scratch_dir, os.environ),
        safeguards=UsableSafeguards(config, os.environ),
    )


@contextlib.asynccontextmanager
async def _serving(
    config: AgentConfig,
    servicer: DeviceAgentServicer,
    pairing: PairingServicer,
    identity: KeyPair | None,
    interceptors: Sequence[grpc.aio.ServerInterceptor],
) -> AsyncIterator[str]:
    server = grpc.aio.server(interceptors=(*interceptors, DecodingInterceptor()), options=_CHANNEL_OPTIONS)
    device_agent_pb2_grpc.add_DeviceAgentServiceServicer_to_server(servicer, server)
    pairing_pb2_grpc.add_PairingServiceServicer_to_server(pairing, server)
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    try:
        port = await _add_port(server, config.address, identity)
    except RuntimeError as error:
        raise ListenError(f"cannot listen on {config.address}: {reason_not_to_listen(config)}") from error
    await server.start()
    await health_servicer.set("", health_pb2.HealthCheckResponse.SERVING)
    try:
        yield dataclasses.replace(config, port=port).address
    finally:
        await health_servicer.enter_graceful_shutdown()
        await server.stop(STOP_GRACE_S)


async def _add_port(server: grpc.aio.Server, address: str, identity: KeyPair | None) -> int:
    if identity is None:
        return server.add_insecure_port(address)
    # TLS requires a client certificate; the authorization interceptor decides whose certificates are accepted.
    credentials = grpc.ssl_server_credentials(
        [(identity.private_key_pem, identity.certificate_pem)], OPEN_ISSUER_PEM, require_client_auth=True
    )
    # gRPC reports an unusable key and an unusable address with the same error, so the key is tried alone first.
    trial = grpc.aio.server()
    try:
        trial.add_secure_port("127.0.0.1:0", credentials)
    except RuntimeError as error:
        raise IdentityError(
            "the device's identity cannot be used, device.key or device.crt in the data folder is damaged or they do "
            "not belong together: restore them from a backup, or remove both, run `edgeprof-agent init`, and pair "
            "every host again"
        ) from error
    finally:
        await trial.stop(None)
    return server.add_secure_port(address, credentials)


@contextlib.asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
