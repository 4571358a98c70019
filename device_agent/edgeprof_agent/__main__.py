"""Command line of the agent: `edgeprof-agent COMMAND`."""

import argparse
import sys
from collections.abc import Sequence

from edgeprof_agent.commands import doctor, hosts, init, install, jobs, pair, release, serve, uninstall
from edgeprof_agent.errors import AgentError
from edgeprof_proto.version import VERSION

_COMMANDS = (init, serve, pair, hosts, doctor, jobs, release, install, uninstall)
"""All are imported at every start, so each imports what it needs beyond the configuration inside `run`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; those of the process where not given.

    Returns:
        Exit status: 0 on success or a requested stop, 1 after an error, 2 for a wrong command line.
    """
    parser = argparse.ArgumentParser(prog="edgeprof-agent", description="Measures models on this device for a host.")
    parser.add_argument("--version", action="version", version=f"edgeprof-agent, version {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add_parser(commands)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
    except (AgentError, OSError) as error:
        print(f"edgeprof-agent: {error}", file=sys.stderr)
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
