"""The public calls `deploy`, `undeploy` and `pack_agent`."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from edgeprof.arguments import as_list
from edgeprof.deploying.bringing import write_pack
from edgeprof.deploying.gathering import check_runtimes, gather
from edgeprof.deploying.listener import DeployListener, DeployStep
from edgeprof.deploying.procedure import Deployed, deploy_on, remove_from
from edgeprof.deploying.ssh import Board
from edgeprof.deploying.wheel_target import parse_platform
from edgeprof.errors import InvalidArgumentError
from edgeprof.output_files import check_output, write_file
from edgeprof_proto import DEFAULT_PORT
from edgeprof_proto.shared.address import AddressError, parse_address

DEFAULT_LISTEN = f"0.0.0.0:{DEFAULT_PORT}"
"""All addresses of the board: the agent serves paired hosts only."""

DEFAULT_RUNTIMES = ("onnxruntime",)


def deploy(
    target: str,
    runtimes: Sequence[str] | str = DEFAULT_RUNTIMES,
    *,
    listen: str = DEFAULT_LISTEN,
    folder: str = "",
    ssh: str = "ssh",
    listener: DeployListener | None = None,
) -> Deployed:
    """Bring the agent onto a board over SSH, start it, and pair this host with it. Again after an update.

    The board needs no network, no pip and no compiler: wheels for exactly its system are gathered on this host.
    Interrupted, the same call goes on where it stopped.

    Args:
        target: `[user@]host`, or a name in the user's ssh configuration.
        runtimes: Names of runtimes, or one; empty for the agent alone.
        listen: `HOST:PORT` that the agent listens on.
        folder: Folder on the board; empty for `/opt/edgeprof` or `~/.local/share/edgeprof`.
        ssh: ssh with options of the user's, as in a shell.
        listener: Is called at every step.

    Returns:
        The agent.

    Raises:
        DeployError: If a step fails; the text says what to do, and the board is as it was before.
        InvalidArgumentError: If an argument is outside its range.
        PairingFileError: If this host's key cannot be read or written.
    """
    names = check_runtimes(as_list(runtimes, str))
    _check(listen, folder)
    with Board(target, ssh=ssh) as board:
        return deploy_on(board, names, listen=listen, folder=folder, listener=listener or DeployListener())


def undeploy(
    target: str,
    *,
    keep_results: bool = False,
    listen: str = DEFAULT_LISTEN,
    folder: str = "",
    ssh: str = "ssh",
    listener: DeployListener | None = None,
) -> list[str]:
    """Remove from a board what `deploy` brought, and the pairing from this host.

    Args:
        target: `[user@]host`, or a name in the user's ssh configuration.
        keep_results: Whether the agent's data folder (models, results, keys) is kept on the board.
        listen: `HOST:PORT` that the agent listened on, where the board no longer says so.
        folder: Folder on the board; empty for the usual one.
        ssh: ssh with options of the user's, as in a shell.
        listener: Is called at every step.

    Returns:
        What was done, a sentence each.

    Raises:
        DeployError: If something cannot be removed.
        InvalidArgumentError: If an argument is outside its range.
        PairingFileError: If this host's pairings cannot be read or written.
    """
    _check(listen, folder)
    with Board(target, ssh=ssh) as board:
        return remove_from(
            board, folder=folder, listen=listen, keep_results=keep_results, listener=listener or DeployListener()
        )


def pack_agent(
    platform: str,
    python: str,
    output: str | os.PathLike[str],
    runtimes: Sequence[str] | str = DEFAULT_RUNTIMES,
    *,
    listener: DeployListener | None = None,
) -> Path:
    """Write an archive from which a board without SSH and network installs the agent: `sh edgeprof-agent/install.sh`.

    Args:
        platform: `linux-ARCHITECTURE`, with `-glibcX.Y` or `-muslX.Y` where the board's is older.
        python: Version of the board's Python, for example `3.11`.
        output: The archive, a `.tar.gz`.
        runtimes: Names of runtimes, or one; empty for the agent alone.
        listener: Is called at every step.

    Returns:
        The archive.

    Raises:
        DeployError: If the wheels cannot be gathered.
        InvalidArgumentError: If an argument is outside its range.
        OutputFileError: If the archive cannot be written.
    """
    target = parse_platform(platform, python)
    names = check_runtimes(as_list(runtimes, str))
    check_output(output)
    listener = listener or DeployListener()
    listener.on_step(DeployStep.GATHER, f"wheels of {', '.join(names) or 'the agent alone'} for {target.text}")
    with tempfile.TemporaryDirectory(prefix="edgeprof-deploy-") as work_folder:
        gathered = gather(target, names, Path(work_folder))
        with tempfile.TemporaryFile() as archive:
            write_pack(gathered, archive)
            archive.seek(0)
            write_file(output, archive.read())
    if target.system_packages:
        needed = " ".join(f"python3-{name}" for name in target.system_packages)
        listener.on_note(f"there are no wheels of some packages: the board needs `sudo apt install {needed}`.")
    return Path(output)


def _check(listen: str, folder: str) -> None:
    try:
        parse_address(listen)
    except AddressError as error:
        raise InvalidArgumentError(str(error)) from None
    if folder and (not folder.startswith("/") or any(part in ("", ".", "..") for part in folder[1:].split("/"))):
        raise InvalidArgumentError(f"the folder on the board must be a path such as /opt/edgeprof, got {folder!r}")
