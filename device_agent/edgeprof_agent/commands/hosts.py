"""`edgeprof-agent hosts`: lists the paired hosts, revokes one, or pairs one by the fingerprint of its certificate."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeprof_agent.commands.options import add_data_dir, config_of
from edgeprof_agent.errors import ControlError, DataDirError

if TYPE_CHECKING:
    from edgeprof_agent.trust.hosts import PairedHosts


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("hosts", help="list the paired hosts, revoke one, or pair one by its certificate")
    act = parser.add_mutually_exclusive_group()
    act.add_argument("--revoke", metavar="NAME", help="revoke the pairing of this host; its calls end at once")
    act.add_argument(
        "--trust",
        metavar="FINGERPRINT",
        help="pair the host whose certificate has this fingerprint, and print the device's certificate, which that "
        "host must get over a connection that it trusts (`edgeprof deploy` does, over SSH)",
    )
    parser.add_argument("--name", default="host", metavar="NAME", help="what to call the host of --trust")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the paired hosts, revoke one, or pair one.

    Returns:
        Exit status.

    Raises:
        AgentError: If the file of hosts cannot be used, no host has the name, or the device has no certificate.
    """
    from edgeprof_agent.trust.hosts import read_hosts

    data_dir = config_of(options).data_dir
    if options.revoke is not None:
        _change(data_dir, "revoke", "revoked", lambda hosts: hosts.revoke(options.revoke), name=options.revoke)
        print(f"revoked {options.revoke}")
    elif options.trust is not None:
        print(_trust(data_dir, options.name, options.trust.lower()), end="")
    else:
        for host in read_hosts(data_dir):
            print(f"{host.name}  paired {host.paired_time}  certificate {host.fingerprint}")
    return 0


def _trust(data_dir: Path, name: str, fingerprint: str) -> str:
    """Pair a host; return the device's certificate in PEM."""
    from edgeprof_agent.trust.hosts import PairedHost
    from edgeprof_agent.trust.identity import read_identity

    # Refuses a name or fingerprint that cannot be one before anything is asked of the agent.
    PairedHost(name=name, fingerprint=fingerprint, paired_time="")
    identity = read_identity(data_dir)
    if identity is None:
        raise ControlError(f"the device has no certificate in {data_dir}: run `edgeprof-agent init` and start it again")
    _change(
        data_dir, "trust", "trusted", lambda hosts: hosts.add(name, fingerprint), name=name, fingerprint=fingerprint
    )
    return identity.certificate_pem.decode()


def _change(data_dir: Path, command: str, done: str, change: "Callable[[PairedHosts], object]", **request: str) -> None:
    """Change the paired hosts: through the agent that uses the folder, or in the file while none runs."""
    from edgeprof_agent.control import Command
    from edgeprof_agent.data_dir import exclusive_data_dir
    from edgeprof_agent.trust.hosts import PairedHosts

    try:
        # While no agent runs, the lock on the folder protects the file.
        with exclusive_data_dir(data_dir) as folder:
            change(PairedHosts(folder))
    except DataDirError:
        with Command(data_dir, {"command": command, **request}) as running:
            if not any(done in answer for answer in running.answers()):
                raise ControlError("the agent stopped before it changed its hosts: try again") from None
