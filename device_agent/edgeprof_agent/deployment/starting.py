"""Starts the agent from the environment of a release, and removes it: as a service, or by hand where there is none."""

import os
import shutil
import subprocess
from pathlib import Path

from edgeprof_agent.config import read_config
from edgeprof_agent.data_dir import is_in_use
from edgeprof_agent.deployment.environment import environment_folder, python_of, remove_others
from edgeprof_agent.deployment.processes import running_agent, start_agent, stop_agent
from edgeprof_agent.deployment.release import RECORD_FILE, Deployment, Release, read_deployment, write_deployment
from edgeprof_agent.errors import InstallError
from edgeprof_agent.service.installation import SYSTEM_DATA_DIR, ServiceHome, uninstall
from edgeprof_agent.trust.identity import CERTIFICATE_FILE

SERVICES = ("system", "user", "none")
"""How an agent may be started: by the system's service manager, by the user's, or by hand."""


def start(folder: Path, release: Release, *, service: str, listen: str) -> list[str]:
    """Start the agent of a release instead of the one before, and remove what the one before needed.

    Args:
        folder: The folder of the deployment.
        release: The release, whose environment is made.
        service: One of `SERVICES`.
        listen: Address to listen on.

    Returns:
        What was done and what is left to do, a sentence each.

    Raises:
        InstallError: If it does not start; then the agent before runs again.
    """
    data_dir = SYSTEM_DATA_DIR if service == "system" else read_config({}, os.environ).data_dir
    before, had_data = read_deployment(folder), data_dir.exists()
    after = Deployment(
        release_id=release.release_id,
        version=release.version,
        service=service,
        listen=listen,
        data_dir=str(data_dir),
    )
    # Written first: whatever is started from here on belongs to this deployment, also where this process is killed.
    write_deployment(folder, after)
    try:
        said = _start_by_hand(folder, before, after) if service == "none" else _start_service(folder, after)
    except BaseException:
        _restore(folder, before)
        if not had_data:
            shutil.rmtree(data_dir, ignore_errors=True)
        raise
    remove_others(folder, release)
    return said


def remove(folder: Path, *, keep_results: bool) -> list[str]:
    """Stop the agent and remove its service, and its data unless told otherwise.

    Args:
        folder: The folder of the deployment, which itself is not removed.
        keep_results: Whether models, results, keys and pairings are kept.

    Returns:
        What was done, a sentence each.

    Raises:
        InstallError: If something cannot be removed.
    """
    deployment = read_deployment(folder)
    home = ServiceHome(is_system=os.geteuid() == 0)
    # Without a record nothing was started from this folder: what is in the usual data folder belongs to another agent.
    data_dir = None if deployment is None else Path(deployment.data_dir)
    if data_dir is not None and deployment is not None and deployment.service != "none":
        return uninstall(home, purge=not keep_results, fallback_data_dir=data_dir)
    said = ["stopped the agent."] if stop_agent(folder) else ["no agent was running."]
    if data_dir is None or not data_dir.exists():
        said.append("there is no data to remove.")
    elif keep_results:
        said.append(f"kept the data in {data_dir}: models, results and pairings.")
    elif is_in_use(data_dir):
        raise InstallError(f"an agent that was not deployed still uses {data_dir}; stop it and try again")
    else:
        shutil.rmtree(data_dir)
        said.append(f"removed the data in {data_dir}: models, results and pairings.")
    return said


def _start_service(folder: Path, after: Deployment) -> list[str]:
    python = _python(folder, after)
    stop_agent(folder)
    _make_identity(python, Path(after.data_dir))
    return _agent(python, "install", "--listen", after.listen).splitlines()


def _start_by_hand(folder: Path, before: Deployment | None, after: Deployment) -> list[str]:
    said = [
        "the agent runs until the board is switched off or starts anew: there is no service manager that would start "
        f"it; its log is in {folder}."
    ]
    is_running = running_agent(environment_folder(folder, after.release_id)) is not None
    if before != after or not is_running:
        stop_agent(folder)
        _make_identity(_python(folder, after), Path(after.data_dir))
        start_agent(folder, _python(folder, after), listen=after.listen, data_dir=Path(after.data_dir))
    return said


def _restore(folder: Path, before: Deployment | None) -> None:
    """Let the deployment before be in force again; a service was restored by the command that failed to install."""
    if before is None:
        (folder / RECORD_FILE).unlink(missing_ok=True)
        return
    write_deployment(folder, before)
    python = _python(folder, before)
    if before.service == "none" and python.exists() and running_agent(folder) is None:
        start_agent(folder, python, listen=before.listen, data_dir=Path(before.data_dir))


def _python(folder: Path, deployment: Deployment) -> Path:
    return python_of(environment_folder(folder, deployment.release_id))


def _make_identity(python: Path, data_dir: Path) -> None:
    """Create the device's key and certificate where there are none: without them there is no pairing."""
    if not (data_dir / CERTIFICATE_FILE).exists():
        _agent(python, "init", "--data-dir", str(data_dir))


def _agent(python: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(python), "-m", "edgeprof_agent", *arguments], capture_output=True, text=True, errors="replace", cwd="/"
    )
    if done.returncode:
        raise InstallError(done.stderr.strip().removeprefix("edgeprof-agent: ") or done.stdout.strip())
    return done.stdout
