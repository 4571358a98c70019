"""Asks for one of the owner's commands: from the running agent, or while none runs from the journal itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgeprof_agent.errors import ControlError, DataDirError


def answers_of(data_dir: Path, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Carry out a command on the jobs of an agent.

    Args:
        data_dir: The agent's folder.
        request: The command with its arguments.

    Yields:
        The answers, in order.

    Raises:
        AgentError: If the folder is not that of an agent, or the command cannot be carried out.
    """
    from edgeprof_agent.control import Command
    from edgeprof_agent.data_dir import exclusive_data_dir
    from edgeprof_agent.jobs.journal import open_journal
    from edgeprof_agent.jobs.owner_commands import OwnerCommands

    if not (data_dir / "journal.sqlite3").exists():
        raise ControlError(f"{data_dir} is not the data folder of an agent; name it with --data-dir")
    try:
        # While no agent runs, the lock on the folder protects the journal.
        with exclusive_data_dir(data_dir) as folder, open_journal(folder) as journal:
            yield from OwnerCommands(journal).answer(request) or ()
            return
    except DataDirError:
        pass
    with Command(data_dir, request) as command:
        yield from command.answers()
