"""`edgeprof-agent init`: creates the device's key and certificate."""

import argparse
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, config_of


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("init", help="create the device's key and certificate, once")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Create key and certificate; existing ones are kept.

    Returns:
        Exit status.

    Raises:
        AgentError: If they cannot be created, or existing ones cannot be used.
    """
    from edgeprof_agent.trust.identity import make_identity

    identity = make_identity(config_of(options).data_dir)
    print(f"this device has the certificate {identity.fingerprint}")
    return 0
