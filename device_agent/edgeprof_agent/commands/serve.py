"""`edgeprof-agent serve`: runs the agent."""

import argparse
import os
import sys
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
from edgeprof_agent.errors import ConfigError


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("serve", help="run the agent until SIGTERM or SIGINT")
    add_listen(parser)
    parser.add_argument(
        "--insecure",
        action="store_true",
        default=None,
        help="serve without encryption and pairing although the device has an identity; loopback only",
    )
    add_announce(parser)
    add_runtimes(parser)
    add_data_dir(parser)
    add_log_options(parser)
    add_metrics(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT.

    Returns:
        Exit status.

    Raises:
        AgentError: If the agent cannot start.
    """
    from edgeprof_agent.logs import start_logging

    config = config_of(options)
    # The agent reports errors itself; gRPC's own log would repeat them.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Not needed: workers are started by exec and do not use gRPC.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    try:
        start_logging(level=config.log_level, log_format=config.log_format, log_file=config.log_file)
    except OSError as error:
        raise ConfigError(
            f"cannot log into {config.log_file}: {error.strerror}; name another file, or omit --log-file for stderr"
        ) from error
    # Keeps OpenSSL out of this process, 5 MB of memory: gRPC has its own TLS, Python its own SHA-256.
    sys.modules.update(dict.fromkeys(("ssl", "_hashlib")))  # type: ignore[arg-type]
    # Imported after the environment is set, which gRPC reads at import.
    import asyncio

    from edgeprof_agent.server import serve

    asyncio.run(serve(config, on_ready=lambda line: print(line, flush=True)))
    return 0
