"""Brings the agent under systemd, and takes it away again without a trace.

As root it is a service of the system with a user of its own that exists only while it runs; otherwise a service of the
user. The two never mix: each command acts on the one that belongs to whoever calls it.
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
"""A start waits until the agent is ready, on a slow card for some seconds."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHome:
    """Where a service lives: in the system, or with a user.

    Args:
        is_system: True for the system's.
        root: Root of the file tree; the system's own but for tests.
        environment: Variables of this process: where the user's files are, and what sort of system it is.
    """

    is_system: bool
    root: Path = Path("/")
    environment: Mapping[str, str] = dataclasses.field(default_factory=lambda: os.environ)

    @property
    def unit_path(self) -> Path:
        """Where the unit file is, there or not."""
        if self.is_system:
            return self.root / "etc/systemd/system" / UNIT_NAME
        config_home = self.environment.get("XDG_CONFIG_HOME")
        home = Path(config_home) if config_home else Path(self.environment.get("HOME", "~")).expanduser() / ".config"
        return home / "systemd/user" / UNIT_NAME

    def systemctl(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run systemctl for this service's manager; how it ended is for the caller to judge."""
        command = ("systemctl", *(() if self.is_system else ("--user",)), *arguments)
        return subprocess.run(
            command, capture_output=True, text=True, env=dict(self.environment), timeout=_SYSTEMCTL_DURATION_S
        )

    def is_lingering(self) -> bool:
        """Tell whether the user's services run without a session of theirs."""
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
    """Write the unit, enable it and start it; again over an earlier one, the agent is restarted.

    Beyond loopback the device gets its key and certificate, unless it has them.

    Args:
        config: What the agent is told.
        home: Whose service it becomes.

    Returns:
        What was done and what is left to do, a sentence each.

    Raises:
        InstallError: If it cannot be; no unit stays behind then.
        IdentityError: If the device's key and certificate, needed beyond loopback, are damaged.
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
                f"`systemctl {' '.join(arguments)}` failed and what was written is taken back: "
                f"{answer.stderr.strip() or answer.stdout.strip() or f'exit status {answer.returncode}'}; "
                f"see `journalctl {'' if home.is_system else '--user '}-u edgeprof-agent`"
            )
    said = [
        f"wrote {path}; the agent runs, listens on {config.address} and starts with "
        + ("the device." if home.is_system else "your session.")
    ]
    said.append(f"its data is in {config.data_dir}; a command about it gets --data-dir {config.data_dir}.")
    if not home.is_system and not home.is_lingering():
        said.append(
            "it stops when you log out: `sudo loginctl enable-linger $USER` lets it run without a session, "
            "from the start of the device on."
        )
    return said


def uninstall(home: ServiceHome, *, purge: bool, fallback_data_dir: Path) -> list[str]:
    """Stop the service and remove everything that `install` made.

    Args:
        home: Whose service it is.
        purge: True to remove the data too: models, results, keys and pairings.
        fallback_data_dir: Where the data is, should there be no unit that says it.

    Returns:
        What was done and what stays, a sentence each.

    Raises:
        InstallError: If the service cannot be stopped, or the data folder is none.
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
    # systemd keeps the folder of a user that comes and goes below `private` and leaves a link to it.
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
    """Check that there is a systemd to talk to.

    Args:
        home: Whose service is wanted.

    Raises:
        InstallError: If there is none; the text says what to do instead.
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
            "systemd does not run here, as in most containers: let what starts this system run `edgeprof-agent serve` "
            "and start it again when it ends, in a container as its command with a restart policy"
        )


def _require_state_directory(config: AgentConfig) -> None:
    """Check that the service's own user, which can write its state directory alone, can write all it has to."""
    data_dir, log_file = config.data_dir, config.log_file
    if not data_dir.is_relative_to("/var/lib") or data_dir == Path("/var/lib"):
        raise InstallError(
            f"the service's own user can be given a folder below /var/lib only, got --data-dir {data_dir}; leave "
            f"--data-dir away for {SYSTEM_DATA_DIR}, and to use another disk mount it at "
            "/var/lib/private/edgeprof-agent"
        )
    if log_file is not None and not log_file.is_relative_to(data_dir):
        raise InstallError(
            f"the service's own user can log into its data folder only, got --log-file {log_file}; leave --log-file "
            f"away for the journal of systemd, or choose a file in {data_dir}"
        )


def _require_readable(executable: Path) -> None:
    """Check that a user with no rights can start the interpreter that edgeprof is installed for."""
    for path in (executable, executable.resolve()):
        closed = [folder for folder in path.parents if not folder.stat().st_mode & stat.S_IXOTH]
        if closed:
            raise InstallError(
                f"the service's own user could not start {path}, since {closed[0]} is closed to others; install "
                "edgeprof where all may read it, for example `python3 -m venv /opt/edgeprof`, or install the service "
                "without root"
            )


def _put_back(home: ServiceHome, unit: str | None) -> None:
    """Leave the unit as it was before; None where there was none."""
    if unit is None:
        home.systemctl("disable", "--now", UNIT_NAME)
        home.unit_path.unlink(missing_ok=True)
        home.systemctl("daemon-reload")
        # A unit that failed would be listed for ever.
        home.systemctl("reset-failed", UNIT_NAME)
        _remove_empty_folders(home)
    else:
        home.unit_path.write_text(unit, encoding="utf-8")
        home.systemctl("daemon-reload")
        home.systemctl("restart", UNIT_NAME)


def _remove_empty_folders(home: ServiceHome) -> None:
    """Take away the folders of a user's units where ours was the only one."""
    if not home.is_system:
        with contextlib.suppress(OSError):
            home.unit_path.parent.rmdir()
            home.unit_path.parent.parent.rmdir()


def _remove_data(place: Path) -> None:
    if place.is_symlink():
        place.unlink()
        return
    if any(place.iterdir()) and not any((place / name).exists() for name in ("device_id", "journal.sqlite3", "lock")):
        raise InstallError(f"{place} holds no data of an agent and is left alone; remove it by hand if it should go")
    if is_in_use(place):
        raise InstallError(f"an agent still uses {place}; stop it and call again")
    shutil.rmtree(place)


def service_config(config: AgentConfig, *, is_system: bool, has_own_data_dir: bool) -> AgentConfig:
    """Make a configuration that holds wherever and by whomever the agent is started.

    Args:
        config: What the agent is told.
        is_system: True for a service of the system.
        has_own_data_dir: True where the data folder was named; otherwise a service of the system gets its own.

    Returns:
        The configuration with absolute paths.
    """
    return dataclasses.replace(
        config,
        data_dir=SYSTEM_DATA_DIR if is_system and not has_own_data_dir else Path(os.path.abspath(config.data_dir)),
        log_file=None if config.log_file is None else Path(os.path.abspath(config.log_file)),
    )
