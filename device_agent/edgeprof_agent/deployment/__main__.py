"""Command line of the board's side: `python -m edgeprof_agent.deployment prepare|start|remove`."""

import argparse
import contextlib
import fcntl
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from edgeprof_agent.deployment.environment import make_environment, python_of
from edgeprof_agent.deployment.release import RELEASE_FILE, read_release
from edgeprof_agent.errors import AgentError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; those of the process where not given.

    Returns:
        Exit status: 0 on success, 1 after an error, 2 for a wrong command line.
    """
    parser = argparse.ArgumentParser(prog="edgeprof_agent.deployment")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    prepare = commands.add_parser("prepare", help="make the environment of the release; print its interpreter")
    prepare.add_argument("--wheels", type=Path, required=True, help="folder with the wheels")
    start = commands.add_parser("start", help="start the agent from the environment of the release")
    start.add_argument("--service", choices=("system", "user", "none"), required=True)
    start.add_argument("--listen", required=True, metavar="HOST:PORT")
    remove = commands.add_parser("remove", help="stop the agent, remove service and data")
    remove.add_argument("--keep-results", action="store_true")
    for command in (prepare, start, remove):
        command.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    try:
        with _only_one(options.folder):
            print(*_run(options), sep="\n")
    except (AgentError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> list[str]:
    folder: Path = options.folder
    if options.command == "prepare":
        release = read_release(folder / RELEASE_FILE)
        return [str(python_of(make_environment(folder, release, options.wheels)))]
    # Needs what the wheels bring, so it runs in their environment.
    from edgeprof_agent.deployment.starting import remove, start

    if options.command == "remove":
        return remove(folder, keep_results=options.keep_results)
    release = read_release(folder / RELEASE_FILE)
    return start(folder, release, service=options.service, listen=options.listen)


@contextlib.contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Wait until no other deployment changes the folder: one whose host was killed still runs to its end."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
