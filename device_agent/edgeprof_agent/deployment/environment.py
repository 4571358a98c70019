"""Makes the virtual environment of a release from wheels alone, without a network and without the board's pip."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from edgeprof_agent.deployment.release import RELEASE_FILE, Release
from edgeprof_agent.errors import InstallError

ENVIRONMENTS_FOLDER = "environments"

_PIP_ARGUMENTS = (
    *("--isolated", "install", "--no-index", "--no-cache-dir", "--quiet", "--no-input"),
    *("--disable-pip-version-check", "--no-warn-script-location"),
)

_COMPLETE = ".edgeprof-complete"


def environment_folder(folder: Path, release_id: str) -> Path:
    """Return the folder of a release's environment, which need not exist."""
    return folder / ENVIRONMENTS_FOLDER / release_id


def python_of(environment: Path) -> Path:
    """Return the interpreter of an environment."""
    return environment / "bin" / "python"


def make_environment(folder: Path, release: Release, wheels: Path) -> Path:
    """Make the environment of a release; one that is complete is used as it is.

    An environment that was begun and not finished is made anew. pip is run from its own wheel: Debian's Python has
    neither pip nor `ensurepip` unless more packages are installed, and old ones cannot read new wheels.

    Args:
        folder: The folder of the deployment.
        release: The release.
        wheels: Folder with its wheels.

    Returns:
        The folder of the environment.

    Raises:
        InstallError: If it cannot be made; then nothing of it is left.
    """
    environment = environment_folder(folder, release.release_id)
    if (environment / _COMPLETE).exists():
        return environment
    pip = [name for name in release.wheels if name.startswith("pip-")]
    if not pip:
        raise InstallError("the release holds no wheel of pip: run `edgeprof deploy` again")
    shutil.rmtree(environment, ignore_errors=True)
    environment.parent.mkdir(parents=True, exist_ok=True)
    flags = ["--system-site-packages"] if release.uses_system_packages else []
    python = str(python_of(environment))
    installed = [str(wheels / name) for name in sorted(release.wheels) if name not in pip]
    try:
        _run([sys.executable, "-m", "venv", "--without-pip", *flags, str(environment)], "a virtual environment")
        _run([python, f"{wheels / pip[0]}/pip", *_PIP_ARGUMENTS, *installed], "the installation of the wheels")
        _run([python, "-c", "import edgeprof_agent.server, edgeprof_agent.__main__"], "the first start of the agent")
        # With it the shell script knows which wheels belong to this environment.
        shutil.copyfile(folder / RELEASE_FILE, environment / RELEASE_FILE)
        (environment / _COMPLETE).touch()
    except BaseException:
        shutil.rmtree(environment, ignore_errors=True)
        raise
    return environment


def remove_others(folder: Path, release: Release) -> None:
    """Remove the environments and wheels of other releases."""
    for path in (folder / ENVIRONMENTS_FOLDER).iterdir():
        if path.name != release.release_id:
            shutil.rmtree(path, ignore_errors=True)
    wheels = folder / "wheels"
    for path in wheels.iterdir() if wheels.is_dir() else ():
        if path.name not in release.wheels:
            path.unlink()


def _run(command: list[str], what: str) -> None:
    # The user's own settings of Python and pip do not reach the environment.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        # Not the user's folder, from which Python would import files.
        cwd="/",
        env={**kept, "PIP_CONFIG_FILE": os.devnull},
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}")[-2_000:]
        raise InstallError(f"{what} failed on the board, and nothing of it was kept: {said}")
