"""`edgeprof-agent release`: releases a model from quarantine."""

import argparse
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, config_of


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser(
        "release", help="measure a model again that was refused because it ended its worker twice"
    )
    parser.add_argument("model_sha256", metavar="SHA256", help="SHA-256 of the model, from the error message")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Release a model from quarantine, also while an agent is running.

    Returns:
        Exit status: 0 where the model had ended a worker, 1 otherwise.

    Raises:
        AgentError: If the journal cannot be used.
    """
    from edgeprof_agent.commands.owner import answers_of
    from edgeprof_agent.jobs.owner_commands import RELEASE

    request = {"command": RELEASE, "model_sha256": options.model_sha256}
    was_known = any(answer["was_known"] for answer in answers_of(config_of(options).data_dir, request))
    print(
        f"released: {options.model_sha256} is measured again"
        if was_known
        else f"no model {options.model_sha256} has ended its worker; the SHA-256 is in the error message of the job"
    )
    return 0 if was_known else 1
