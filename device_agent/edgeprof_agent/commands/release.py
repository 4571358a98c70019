"""`edgeprof-agent release`: have a model measured again that has ended its worker twice."""

import argparse
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, config_of


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("release", help="measure a model again that has ended its worker twice")
    parser.add_argument("model_sha256", metavar="SHA256", help="the model, as the refusal names it")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Forget that the model has ended its worker; an agent that runs meanwhile knows at once.

    Returns:
        Exit status: 0 where there was something to forget, 1 otherwise.

    Raises:
        AgentError: If the journal cannot be used.
    """
    from edgeprof_agent.jobs.journal import open_journal

    data_dir = config_of(options).data_dir
    if not (data_dir / "journal.sqlite3").exists():
        print(f"there is no agent in {data_dir}; name its folder with --data-dir")
        return 1
    with open_journal(data_dir) as journal:
        was_known = journal.quarantine.release_model(options.model_sha256)
    print(
        f"released: {options.model_sha256} is measured again"
        if was_known
        else f"no model {options.model_sha256} has ended its worker; look for the SHA-256 in the refusal"
    )
    return 0 if was_known else 1
