"""The address on which the agent listens."""

import socket

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.data_dir import is_in_use
from edgeprof_proto.records.check import Check, CheckLevel
from edgeprof_proto.shared.address import join_address

_CONNECT_DURATION_S = 2.0


def network_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check the address, given whether an agent uses the data folder."""
    return (check_address(config.host, config.port, is_agent_running=is_in_use(config.data_dir)),)


def check_address(host: str, port: int, *, is_agent_running: bool) -> Check:
    """Check that the agent listens at its address, or that the address is free."""
    address, name = join_address(host, port), "address"
    if port == 0:
        return Check(name=name, level=CheckLevel.GOOD, finding=f"the agent takes any free port of {host}")
    is_answering = _is_answering(host, port)
    if is_agent_running and is_answering:
        return Check(name=name, level=CheckLevel.GOOD, finding=f"an agent runs, and {address} answers")
    if is_agent_running:
        return Check(
            name=name,
            level=CheckLevel.TROUBLE,
            finding=f"an agent uses the data folder, but nothing answers at {address}",
            remedy="it listens at another address or hangs: see the first line of its log, and restart it",
        )
    if is_answering:
        return Check(
            name=name,
            level=CheckLevel.TROUBLE,
            finding=f"another program, or an agent with another data folder, listens on {address}",
            remedy="stop it, or choose another port with --listen",
        )
    return Check(
        name=name,
        level=CheckLevel.WARNING,
        finding=f"{address} is free: no agent runs",
        remedy="start one: `edgeprof-agent serve`, or `edgeprof-agent install` for a service",
    )


def _is_answering(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_DURATION_S):
            return True
    except OSError:
        return False
