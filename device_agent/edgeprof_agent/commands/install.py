"""`edgeprof-agent install`: installs the agent as a systemd service that starts with the device."""

import argparse
import os
from typing import Any

from edgeprof_agent.commands.options import (
    add_announce,
    add_data_dir,
    add_listen,
    add_log_options,
    add_metrics,
    add_runtimes,
    config_of,
)
from edgeprof_agent.config import ENVIRONMENT_PREFIX


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("install", help="install and start a systemd service; run it again after an update")
    add_listen(parser)
    add_announce(parser)
    add_runtimes(parser)
    add_data_dir(parser)
    add_log_options(parser)
    add_metrics(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Install a system service as root, a user service otherwise, and start it.

    Returns:
        Exit status.

    Raises:
        AgentError: If it cannot be installed; then nothing is left behind.
    """
    from edgeprof_agent.service.installation import ServiceHome, install, service_config

    home = ServiceHome(is_system=os.geteuid() == 0)
    has_own_data_dir = options.data_dir is not None or f"{ENVIRONMENT_PREFIX}DATA_DIR" in os.environ
    config = service_config(config_of(options), is_system=home.is_system, has_own_data_dir=has_own_data_dir)
    print(*install(config, home), sep="\n")
    return 0
