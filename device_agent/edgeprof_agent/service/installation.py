"""Installs the agent as a systemd service, and removes it completely.

Called by root it is a system service with a user of its own that exists only while it runs, otherwise a user service.
Each command acts on the service of the user who calls it.
"""

import contextlib
import dataclasses
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.data_dir import is_in_use
from edgeprof_agent.errors import InstallError
from edgeprof_agent.service.unit import UNIT_NAME, data_dir_of, unit_text
from edgeprof_agent.trust.identity import make_identity, read_identity

SYSTEM_DATA_DIR = Path("/var/lib/edgeprof-agent")

_SYSTEMCTL_DURATION_S = 60.0
"""Longest duration of one systemctl call, in seconds. A start waits until the agent is ready."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHome:
    """The system's or a user's services.

    Args:
        is_system: True for system services, False for those of the user.
        root: Root of the file tree; other than / in tests only.
        environment: Environment of this process, which names the user's folders.
    """

    is_system: bool
    root: Path = Path("/")
    environment: Mapping[str, str] = dataclasses.field(default_factory=lambda: os.environ)

    @property
    def unit_path(self) -> Path:
        """Path of the unit file, which need not exist."""
        if self.is_system:
            return self.root / "etc/systemd/system" / UNIT_NAME
        config_home = self.environment.get("XDG_CONFIG_HOME")
        home = Path(config_home) if config_home else Path(self.environment.get("HOME", "~")).expanduser() / ".config"
        return home / "systemd/user" / UNIT_NAME

    def systemctl(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run systemctl for this service manager; the caller checks the exit status."""
        command = ("systemctl", *(() if self.is_system else ("--user",)), *arguments)
        return subprocess.run(
            command, capture_output=True, text=True, env=dict(self.environment), timeout=_SYSTEMCTL_DURATION_S
        )

    def is_lingering(self) -> bool:
        """Tell whether the user's services run without a login session."""
        try:
            answer = subprocess.run(
                ("loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value"),
                capture_output=True,
                text=True,
                env=dict(self.environment),
                timeout=_SYSTEMCTL_DURATION_S,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return answer.stdout.strip() == "yes"


def install(config: AgentConfig, home: ServiceHome) -> list[str]:
    """Write the unit, enable it and start it. An installed service is replaced and restarted.

    For an address other than loopback the device's key and certificate are created where missing.

    Args:
        config: Configuration of the agent.
        home: System or user services.

    Returns:
        What was done and what is left to do, a sentence each.

    Raises:
        InstallError: If it failed; then the previous state is restored.
        IdentityError: If existing key and certificate are damaged.
    """
    require_systemd(home)
    if home.is_system:
        _require_state_directory(config)
        _require_readable(Path(sys.executable))
    data_dir = home.root / str(config.data_dir).lstrip("/")
    if not config.is_loopback and read_identity(data_dir) is None:
        make_identity(data_dir)
    path = home.unit_path
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(unit_text(config, home.environment, is_system=home.is_system), encoding="utf-8")
    for arguments in (("daemon-reload",), ("enable", UNIT_NAME), ("restart", UNIT_NAME)):
        answer = home.systemctl(*arguments)
        if answer.returncode:
            _put_back(home, before)
            raise InstallError(
                f"`systemctl {' '.join(arguments)}` failed, and the changes were undone: "
                f"{answer.stderr.strip() or answer.stdout.strip() or f'exit status {answer.returncode}'}; "
                f"see `journalctl {'' if home.is_system else '--user '}-u edgeprof-agent`"
            )
    said = [
        f"wrote {path}; the agent is running, listens on {config.address} and starts with "
        + ("the device." if home.is_system else "your session.")
    ]
    said.append(f"its data is in {config.data_dir}; give other commands --data-dir {config.data_dir}.")
    if not home.is_system and not home.is_lingering():
        said.append(
            "it stops when you log out: `sudo loginctl enable-linger $USER` lets it run without a session, "
            "from the start of the device."
        )
    return said


def uninstall(home: ServiceHome, *, purge: bool, fallback_data_dir: Path) -> list[str]:
    """Stop the service and remove what `install` created.

    Args:
        home: System or user services.
        purge: True to remove the data too: models, results, keys and pairings.
        fallback_data_dir: The data folder where no unit names it.

    Returns:
        What was done and what is kept, a sentence each.

    Raises:
        InstallError: If the service cannot be stopped, or the folder is not an agent's data folder.
    """
    path, said = home.unit_path, []
    data_dir = fallback_data_dir
    if path.exists():
        require_systemd(home)
        data_dir = data_dir_of(path.read_text(encoding="utf-8")) or fallback_data_dir
        answer = home.systemctl("disable", "--now", UNIT_NAME)
        if answer.returncode:
            raise InstallError(f"the service could not be stopped: {answer.stderr.strip()}; nothing was removed")
        _put_back(home, None)
        said.append(f"stopped the agent and removed {path}.")
    else:
        said.append(f"there is no service to remove: {path} does not exist.")
    # With DynamicUser= systemd keeps the state directory below `private` and links to it.
    places = [home.root / str(data_dir).lstrip("/")]
    if home.is_system and data_dir.is_relative_to("/var/lib"):
        places.append(home.root / "var/lib/private" / data_dir.relative_to("/var/lib"))
    there = [place for place in places if place.exists() or place.is_symlink()]
    if not there:
        said.append("no data is left.")
    elif purge:
        for place in there:
            _remove_data(place)
        said.append(f"removed the data in {data_dir}: models, results and pairings.")
    else:
        said.append(f"kept the data in {data_dir}: models, results and pairings; --purge removes it too.")
    return said


def require_systemd(home: ServiceHome) -> None:
    """Check that systemd is running.

    Args:
        home: System or user services.

    Raises:
        InstallError: If it is not; the message says what to do instead.
    """
    if "com.termux" in home.environment.get("PREFIX", ""):
        raise InstallError(
            "Termux has no systemd: write `termux-wake-lock; exec edgeprof-agent serve` into "
            "~/.termux/boot/edgeprof-agent, which the app Termux:Boot runs at the start of the device"
        )
    if (
        not (home.root / "run/systemd/system").is_dir()
        or shutil.which("systemctl", path=home.environment.get("PATH")) is None
    ):
        raise InstallError(
            "systemd is not running here, as in most containers: let the init system run `edgeprof-agent serve` and "
            "restart it when it ends; in a container, make it the command and set a restart policy"
        )


def _require_state_directory(config: AgentConfig) -> None:
    """Check that data folder and log are inside the state directory, the only folder that the service can write."""
    data_dir, log_file = config.data_dir, config.log_file
    if not data_dir.is_relative_to("/var/lib") or data_dir == Path("/var/lib"):
        raise InstallError(
            f"the data folder of a system service must be below /var/lib, got --data-dir {data_dir}; omit "
            f"--data-dir for {SYSTEM_DATA_DIR}, and to use another disk mount it at "
            "/var/lib/private/edgeprof-agent"
        )
    if log_file is not None and not log_file.is_relative_to(data_dir):
        raise InstallError(
            f"a system service can log into its data folder only, got --log-file {log_file}; omit --log-file for the "
            f"systemd journal, or choose a file in {data_dir}"
        )


def _require_readable(executable: Path) -> None:
    """Check that an unprivileged user can start the Python in which edgeprof is installed."""
    for path in (executable, executable.resolve()):
        closed = [folder for folder in path.parents if not folder.stat().st_mode & stat.S_IXOTH]
        if closed:
            raise InstallError(
                f"the service's own user could not start {path}, since {closed[0]} is closed to others; install "
                "edgeprof where all may read it, for example `python3 -m venv /opt/edgeprof`, or install the service "
                "without root"
            )


def _put_back(home: ServiceHome, unit: str | None) -> None:
    """Restore the previous unit; None where there was none."""
    if unit is None:
        home.systemctl("disable", "--now", UNIT_NAME)
        home.unit_path.unlink(missing_ok=True)
        home.systemctl("daemon-reload")
        # Otherwise systemd keeps listing the failed unit.
        home.systemctl("reset-failed", UNIT_NAME)
        _remove_empty_folders(home)
    else:
        home.unit_path.write_text(unit, encoding="utf-8")
        home.systemctl("daemon-reload")
        home.systemctl("restart", UNIT_NAME)


def _remove_empty_folders(home: ServiceHome) -> None:
    """Remove the folders of user units where they are empty now."""
    if not home.is_system:
        with contextlib.suppress(OSError):
            home.unit_path.parent.rmdir()
            home.unit_path.parent.parent.rmdir()


def _remove_data(place: Path) -> None:
    if place.is_symlink():
        place.unlink()
        return
    if any(place.iterdir()) and not any((place / name).exists() for name in ("device_id", "journal.sqlite3", "lock")):
        raise InstallError(f"{place} is not an agent's data folder and was kept; remove it by hand if it is not needed")
    if is_in_use(place):
        raise InstallError(f"an agent still uses {place}; stop it and try again")
    shutil.rmtree(place)


def service_config(config: AgentConfig, *, is_system: bool, has_own_data_dir: bool) -> AgentConfig:
    """Return a configuration that does not depend on the working folder or the user.

    Args:
        config: Configuration of the agent.
        is_system: True for a system service.
        has_own_data_dir: True where the data folder was named; otherwise a system service gets its own.

    Returns:
        The configuration with absolute paths.
    """
    return dataclasses.replace(
        config,
        data_dir=SYSTEM_DATA_DIR if is_system and not has_own_data_dir else Path(os.path.abspath(config.data_dir)),
        log_file=None if config.log_file is None else Path(os.path.abspath(config.log_file)),
    )
