"""Command line of the agent: `edgeprof-agent serve`."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from edgeprof_agent.config import LOG_LEVELS, AgentConfig, parse_address, read_config
from edgeprof_agent.errors import AgentError, ConfigError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; those of the process where not given.

    Returns:
        Exit status: 0 after a stop on request, 1 when the agent cannot run, 2 for a command that is none.
    """
    options = _build_parser().parse_args(arguments)
    flags = {"listen": options.listen, "data_dir": options.data_dir, "log_level": options.log_level}
    try:
        _run(read_config(flags, os.environ))
    except (AgentError, OSError) as error:
        print(f"edgeprof-agent: {error}", file=sys.stderr)
        return 1
    return 0


def _run(config: AgentConfig) -> None:
    # The agent says itself, in one sentence, what gRPC's own log would say in five lines.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Workers are started by exec and never use gRPC.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    logging.basicConfig(
        level=config.log_level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Both load OpenSSL, 5 MB of memory, and neither is missed: gRPC has its own TLS, Python its own SHA-256.
    sys.modules.update(dict.fromkeys(("ssl", "_hashlib")))  # type: ignore[arg-type]
    # After the environment is set, which gRPC reads when it is imported.
    import asyncio

    from edgeprof_agent.server import serve

    asyncio.run(serve(config, announce=lambda line: print(line, flush=True)))


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="edgeprof-agent", description="Measures models on this device for a host.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="serve hosts until SIGTERM")
    serve.add_argument("--listen", type=_address, metavar="HOST:PORT", help="loopback address; port 0 takes a free one")
    serve.add_argument("--data-dir", type=Path, metavar="DIR", help="folder of this agent alone")
    serve.add_argument("--log-level", choices=LOG_LEVELS, help="how much to log on stderr")
    return parser


def _address(text: str) -> str:
    try:
        parse_address(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


if __name__ == "__main__":
    sys.exit(main())
