"""The text of the agent's systemd unit, and the data folder that it names."""

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from edgeprof_agent.config import ENVIRONMENT_PREFIX, AgentConfig

UNIT_NAME = "edgeprof-agent.service"

_DATA_SECTION = "X-Edgeprof"  # systemd ignores sections whose names begin with X-

_IN_COMMAND_LINE = (
    "DATA_DIR",
    "LISTEN",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "LOG_FILE",
    "RUNTIMES",
    "RUNTIME_PYTHONS",
    "METRICS",
)

_UNIT = """\
# Written by `edgeprof-agent install`, removed by `edgeprof-agent uninstall`. Put changes of your own into
# `{systemctl} edit edgeprof-agent`, which a later install keeps.
[Unit]
Description=edgeprof agent: measures neural networks on this device for paired hosts
After=network.target
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
{environment}WorkingDirectory=/
Restart=on-failure
RestartSec=5
# The agent notifies twice within this time; an agent that hangs is restarted.
WatchdogSec=600
# The agent ends its workers within two seconds; processes left after ten are killed.
KillMode=mixed
TimeoutStopSec=10
# A worker that runs out of memory ends its job, not the agent.
OOMPolicy=continue
UMask=0077
LimitCORE=0

# Only rights that the agent needs. Namespaces, mounts, Landlock and seccomp are allowed, since the agent isolates its
# workers with them: RestrictNamespaces= is not set, and @mount is in the filter. Memory may become executable, since
# engines compile code. /proc is complete (ProcSubset=all), since temperature and load are read from it.
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service @mount seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
SystemCallErrorNumber=EPERM
{hardening}
[Install]
WantedBy={target}

[{data_section}]
DataDir={data_dir}
"""

_SYSTEM_HARDENING = """\

# A user that exists only while the service runs and owns only the state directory.
DynamicUser=yes
StateDirectory={state_directory}
StateDirectoryMode=0700
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectControlGroups=yes
ProtectHome=read-only
PrivateTmp=yes
# Read-only: temperature and frequency can still be read.
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
# Accelerators are devices, so PrivateDevices= is not set, nor ProtectClock=, which denies all devices except the clock;
# the clock cannot be set without capabilities.
ProtectHostname=yes
ProtectProc=invisible
RemoveIPC=yes
"""

_USER_HARDENING = """\

# Settings with a mount namespace (ProtectSystem=, PrivateTmp= and others) do not work in every user's systemd.
"""


def unit_text(config: AgentConfig, environment: Mapping[str, str], *, is_system: bool) -> str:
    """Write the unit.

    Args:
        config: Configuration of the agent; what has a flag goes into its command line.
        environment: Environment of this process; variables of the agent without a flag go into the unit.
        is_system: True for a system unit, False for a user unit.

    Returns:
        The text of the unit file.
    """
    command = [sys.executable, "-m", "edgeprof_agent", "serve", "--listen", config.address]
    command += ["--data-dir", str(config.data_dir), "--log-level", config.log_level, "--log-format", config.log_format]
    if config.log_file is not None:
        command += ["--log-file", str(config.log_file)]
    command += ["--announce"] if config.announce else []
    command += [f"--runtime={name}" for name in config.runtime_names]
    command += [f"--runtime-python={item}" for item in config.runtime_python_items]
    if config.metrics:
        command += ["--metrics", config.metrics]
    settings = {
        name: value
        for name, value in sorted(environment.items())
        if name.startswith(ENVIRONMENT_PREFIX) and name.removeprefix(ENVIRONMENT_PREFIX) not in _IN_COMMAND_LINE
    }
    state_directory = os.path.relpath(config.data_dir, "/var/lib")
    return _UNIT.format(
        systemctl="systemctl" if is_system else "systemctl --user",
        command=" ".join(map(_quoted, command)).replace("$", "$$"),
        environment="".join(f"Environment={_quoted(f'{name}={value}')}\n" for name, value in settings.items()),
        hardening=_SYSTEM_HARDENING.format(state_directory=_quoted(state_directory)) if is_system else _USER_HARDENING,
        target="multi-user.target" if is_system else "default.target",
        data_section=_DATA_SECTION,
        data_dir=config.data_dir,
    )


def data_dir_of(unit: str) -> Path | None:
    """Read the data folder from a unit.

    Args:
        unit: The text of the unit file.

    Returns:
        The folder; None for a unit that was not written by `unit_text`.
    """
    # A unit may repeat a name, and may contain %.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        parser.read_string(unit)
    except configparser.Error:
        return None
    path = parser.get(_DATA_SECTION, "DataDir", fallback=None)
    return None if path is None else Path(path)


def _quoted(word: str) -> str:
    """Quote a word for systemd."""
    word = word.replace("%", "%%")
    if word and all(letter.isalnum() or letter in "@%+=:,./-_[]" for letter in word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
