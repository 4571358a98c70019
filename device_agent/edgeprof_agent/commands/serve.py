"""`edgeprof-agent serve`: the agent itself."""

import argparse
import os
import sys
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, add_listen, add_log_options, config_of
from edgeprof_agent.logs import start_logging


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("serve", help="serve hosts until SIGTERM")
    add_listen(parser)
    parser.add_argument(
        "--insecure",
        action="store_true",
        default=None,
        help="on loopback alone: serve without encryption and pairing although the device has an identity",
    )
    add_data_dir(parser)
    add_log_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT.

    Returns:
        Exit status.

    Raises:
        AgentError: If the agent cannot start.
    """
    config = config_of(options)
    # The agent says itself, in one sentence, what gRPC's own log would say in five lines.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Workers are started by exec and never use gRPC.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    start_logging(level=config.log_level, log_format=config.log_format, log_file=config.log_file)
    # Both load OpenSSL, 5 MB of memory, and neither is missed: gRPC has its own TLS, Python its own SHA-256.
    sys.modules.update(dict.fromkeys(("ssl", "_hashlib")))  # type: ignore[arg-type]
    # After the environment is set, which gRPC reads when it is imported.
    import asyncio

    from edgeprof_agent.server import serve

    asyncio.run(serve(config, announce=lambda line: print(line, flush=True)))
    return 0
