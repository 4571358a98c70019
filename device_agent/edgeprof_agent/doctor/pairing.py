"""The device's identity and its paired hosts."""

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import AgentError
from edgeprof_agent.trust.hosts import read_hosts
from edgeprof_agent.trust.identity import read_identity
from edgeprof_proto.records.check import Check, CheckLevel


def pairing_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check the device's identity together with the hosts that are paired with it."""
    return (check_pairing(config),)


def check_pairing(config: AgentConfig) -> Check:
    """Check that there is an identity where one is needed, and a host that may call."""
    name = "pairing"
    try:
        identity, hosts = read_identity(config.data_dir), read_hosts(config.data_dir)
    except AgentError as error:
        finding, _, remedy = str(error).partition(": ")
        return Check(name=name, level=CheckLevel.TROUBLE, finding=finding, remedy=remedy)
    if identity is None and config.is_loopback:
        return Check(
            name=name, level=CheckLevel.GOOD, finding=f"not needed: {config.host} can be reached from this device only"
        )
    if identity is None:
        return Check(
            name=name,
            level=CheckLevel.TROUBLE,
            finding=f"the device has no key and certificate, which the agent needs to serve at {config.host}",
            remedy="run `edgeprof-agent init` once",
        )
    if not hosts:
        return Check(
            name=name,
            level=CheckLevel.WARNING,
            finding="no host is paired, so every host is refused",
            remedy="run `edgeprof-agent pair` here, then `edgeprof pair HOST:PORT` on the host",
        )
    return Check(name=name, level=CheckLevel.GOOD, finding=f"paired with {', '.join(host.name for host in hosts)}")
