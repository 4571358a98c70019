"""`edgeprof-agent hosts`: lists the paired hosts, or revokes one."""

import argparse
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, config_of
from edgeprof_agent.errors import ControlError, DataDirError


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("hosts", help="list the paired hosts, or revoke one")
    parser.add_argument("--revoke", metavar="NAME", help="revoke the pairing of this host; its calls end at once")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the paired hosts, or revoke one.

    Returns:
        Exit status.

    Raises:
        AgentError: If the file of hosts cannot be used, or no host has the name.
    """
    from edgeprof_agent.trust.hosts import PairedHosts, read_hosts

    data_dir = config_of(options).data_dir
    if options.revoke is None:
        for host in read_hosts(data_dir):
            print(f"{host.name}  paired {host.paired_time}  certificate {host.fingerprint}")
        return 0

    from edgeprof_agent.control import Command
    from edgeprof_agent.data_dir import exclusive_data_dir

    try:
        # While no agent runs, the lock on the folder protects the file.
        with exclusive_data_dir(data_dir) as folder:
            PairedHosts(folder).revoke(options.revoke)
    except DataDirError:
        with Command(data_dir, {"command": "revoke", "name": options.revoke}) as command:
            if not any("revoked" in answer for answer in command.answers()):
                raise ControlError("the agent stopped before it revoked the host: try again") from None
    print(f"revoked {options.revoke}")
    return 0
