"""`edgeprof-agent uninstall`: removes the service."""

import argparse
import os
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, config_of


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("uninstall", help="remove the service")
    add_data_dir(parser)
    parser.add_argument("--purge", action="store_true", help="remove the data too: models, results, keys, pairings")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Stop the service and remove it.

    Returns:
        Exit status.

    Raises:
        AgentError: If it cannot be stopped or removed.
    """
    from edgeprof_agent.service.installation import ServiceHome, service_config, uninstall

    home = ServiceHome(is_system=os.geteuid() == 0)
    has_own_data_dir = options.data_dir is not None
    config = service_config(config_of(options), is_system=home.is_system, has_own_data_dir=has_own_data_dir)
    print(*uninstall(home, purge=options.purge, fallback_data_dir=config.data_dir), sep="\n")
    return 0
