"""The systemd service: installed, running, and independent of a login session."""

import os
from collections.abc import Sequence

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.errors import InstallError
from edgeprof_agent.service.installation import ServiceHome, require_systemd
from edgeprof_agent.service.unit import UNIT_NAME
from edgeprof_proto.records.check import Check, CheckLevel


def service_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check the system service and, unless root, the user's service."""
    homes = [ServiceHome(is_system=True)]
    if os.geteuid() != 0:
        homes.append(ServiceHome(is_system=False))
    return (check_service(homes),)


def check_service(homes: Sequence[ServiceHome]) -> Check:
    """Check that the agent starts with the device."""
    try:
        require_systemd(homes[0])
    except InstallError as error:
        return Check(name="service", level=CheckLevel.NOT_REPORTED, finding=str(error))
    home = next((home for home in homes if home.unit_path.exists()), None)
    if home is None:
        return Check(
            name="service",
            level=CheckLevel.WARNING,
            finding="the agent is not a service and does not start with the device",
            remedy="`edgeprof-agent install`, with sudo for a system service",
        )
    state = home.systemctl("is-active", UNIT_NAME).stdout.strip() or "unknown"
    scope = "" if home.is_system else "--user "
    if state != "active":
        return Check(
            name="service",
            level=CheckLevel.TROUBLE,
            finding=f"it is installed, but its state is {state}",
            remedy=f"see `journalctl {scope}-u edgeprof-agent`, then `systemctl {scope}restart edgeprof-agent`",
        )
    if not home.is_system and not home.is_lingering():
        return Check(
            name="service",
            level=CheckLevel.WARNING,
            finding="it is active, but only while its user is logged in",
            remedy="`sudo loginctl enable-linger $USER`",
        )
    return Check(name="service", level=CheckLevel.GOOD, finding="it is installed and active")
