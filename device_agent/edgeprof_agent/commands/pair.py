"""`edgeprof-agent pair`: shows a one-time code until a host has paired with it."""

import argparse
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, config_of
from edgeprof_agent.errors import ControlError


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("pair", help="show a one-time code and wait for the host that uses it")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Show a code that the agent which runs takes from one host within ten minutes.

    Returns:
        Exit status.

    Raises:
        AgentError: If no agent runs, it serves without encryption, or no host has paired.
    """
    from edgeprof_agent.control import command_agent

    try:
        for answer in command_agent(config_of(options).data_dir, {"command": "pair"}):
            if "code" in answer:
                code = answer["code"]
                print(f"code: {code[:4]} {code[4:]}", flush=True)
                print("type it on the host within ten minutes: edgeprof pair HOST:PORT", flush=True)
            if "paired" in answer:
                print(f"paired with {answer['paired']}", flush=True)
                return 0
    except KeyboardInterrupt:
        raise ControlError("interrupted: the code is worth nothing any more") from None
    raise ControlError("the agent stopped before a host has paired")
