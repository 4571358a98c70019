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
    from edgeprof_agent.jobs.journal import open_journal

    data_dir = config_of(options).data_dir
    if not (data_dir / "journal.sqlite3").exists():
        print(f"{data_dir} is not the data folder of an agent; name it with --data-dir")
        return 1
    with open_journal(data_dir) as journal:
        was_known = journal.quarantine.release_model(options.model_sha256)
    print(
        f"released: {options.model_sha256} is measured again"
        if was_known
        else f"no model {options.model_sha256} has ended its worker; the SHA-256 is in the error message of the job"
    )
    return 0 if was_known else 1
