"""Runs all checks of a device, one group after the other."""

from collections.abc import Callable, Sequence

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.doctor.clock import clock_checks
from edgeprof_agent.doctor.cpu_frequency import cpu_frequency_checks
from edgeprof_agent.doctor.energy import energy_checks
from edgeprof_agent.doctor.memory import memory_checks
from edgeprof_agent.doctor.network import network_checks
from edgeprof_agent.doctor.pairing import pairing_checks
from edgeprof_agent.doctor.service import service_checks
from edgeprof_agent.doctor.software import software_checks
from edgeprof_agent.doctor.storage import storage_checks
from edgeprof_agent.isolation.checks import isolation_checks
from edgeprof_proto.records.check import Check, CheckLevel

CheckGroup = Callable[[AgentConfig], tuple[Check, ...]]

CHECK_GROUPS: tuple[CheckGroup, ...] = (
    software_checks,
    storage_checks,
    network_checks,
    pairing_checks,
    service_checks,
    clock_checks,
    memory_checks,
    cpu_frequency_checks,
    energy_checks,
    isolation_checks,
)


def examine(config: AgentConfig, groups: Sequence[CheckGroup] = CHECK_GROUPS) -> tuple[Check, ...]:
    """Run all checks.

    Args:
        config: Configuration of the agent.
        groups: The groups of checks.

    Returns:
        The checks of all groups in order; a group that raises becomes one check that says so.
    """
    checks: list[Check] = []
    for group in groups:
        try:
            checks += group(config)
        except Exception as error:
            name = group.__name__.removesuffix("_checks").replace("_", " ")
            finding = f"the check itself failed with {type(error).__name__}: {error}"
            checks.append(Check(name=f"{name} as a whole", level=CheckLevel.NOT_REPORTED, finding=finding))
    return tuple(checks)
