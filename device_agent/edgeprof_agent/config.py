"""The configuration of the agent: defaults, overridden by `EDGEPROF_AGENT_*` variables, then by flags."""

import dataclasses
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from edgeprof_agent.errors import ConfigError
from edgeprof_proto import DEFAULT_PORT
from edgeprof_proto.shared.address import MAX_PORT, AddressError, is_loopback, join_address
from edgeprof_proto.shared.address import parse_address as parse_any_address

ENVIRONMENT_PREFIX = "EDGEPROF_AGENT_"

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

LOG_FORMATS = ("text", "json")

MIB = 1024 * 1024

DEFAULT_METRICS_ADDRESS = "127.0.0.1:20764"
"""Where metrics are served where no other address is named."""

MAX_THREAD_COUNT = 1_024
"""Largest number of threads that the configuration may allow; more only wait for each other on any board."""

_MAX_BYTES = 2**50
_MAX_COUNT = 10_000_000
_MAX_DURATION_S = 30 * 24 * 3600.0

_RANGES: dict[str, tuple[float, float]] = {
    "port": (0, MAX_PORT),
    "model_bytes": (1, _MAX_BYTES),
    "model_cache_bytes": (1, _MAX_BYTES),
    # More than any disk has is a way to say that it is full.
    "disk_reserve_bytes": (0, 2**62),
    "queued_job_count": (1, _MAX_COUNT),
    "host_queued_job_count": (1, _MAX_COUNT),
    "finished_job_count": (1, _MAX_COUNT),
    "job_duration_s": (0.001, _MAX_DURATION_S),
    "lease_duration_s": (0.001, _MAX_DURATION_S),
    "worker_memory_bytes": (0, _MAX_BYTES),
    "worker_user_id": (1, 2**32 - 2),
    "upload_count": (1, 10_000),
    "upload_bytes_per_s": (1, _MAX_BYTES),
    "thread_count": (0, MAX_THREAD_COUNT),
}
"""Smallest and largest value of every number."""

_RUNTIME_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,3})?")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """The configuration of an agent.

    Args:
        data_dir: Folder of this agent only: models, journal, device id.
        host: Address to listen on; other than loopback needs the device's identity (`edgeprof-agent init`).
        port: TCP port; 0 takes any free one.
        insecure: Serve without encryption and pairing although the device has an identity; on loopback only.
        announce: Whether to tell the local network of the agent.
        log_level: Name of a level of `logging`.
        log_format: `text` for people or `json` for machines.
        log_file: File to log into; None for stderr.
        model_bytes: Size of one model at most, in bytes.
        model_cache_bytes: Size of all models on disk at most, in bytes.
        disk_reserve_bytes: Disk space that is kept free, in bytes.
        queued_job_count: Waiting jobs at most.
        host_queued_job_count: Waiting jobs of one host at most.
        finished_job_count: Finished jobs that the journal keeps; above it the oldest acknowledged ones are deleted,
            others never.
        lease_duration_s: Time without a call after which the jobs of a host run after all others, in seconds.
        job_duration_s: Duration of one job at most, in seconds.
        worker_memory_bytes: Memory of a worker at most, in bytes; 0 for three quarters of the device's memory.
        worker_variables: Names of additional environment variables for workers, separated by commas.
        worker_user_id: User and group id of workers where the agent runs as root; must belong to no account.
        thread_count: Threads that a setting may ask for; 0 for as many as the board has cores.
        runtimes: Names of the runtimes to offer, separated by commas; empty for all that are installed.
        runtime_pythons: `NAME=PATH` of each runtime that lives in another Python environment, with the path of its
            interpreter, separated by commas.
        upload_count: Concurrent uploads at most.
        upload_bytes_per_s: Rate of all uploads together at most, in bytes per second; uploads above it are slowed down.
        metrics: Address to serve Prometheus metrics on, as `host:port`, over plain HTTP; empty for none.

    Raises:
        ConfigError: If a value is outside its range, or `insecure` is asked for beyond loopback.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    insecure: bool = False
    announce: bool = False
    log_level: str = "INFO"
    log_format: str = "text"
    log_file: Path | None = None
    model_bytes: int = 512 * MIB
    model_cache_bytes: int = 2048 * MIB
    disk_reserve_bytes: int = 256 * MIB
    queued_job_count: int = 1_000
    host_queued_job_count: int = 250
    finished_job_count: int = 10_000
    job_duration_s: float = 1_800.0
    lease_duration_s: float = 120.0
    worker_memory_bytes: int = 0
    worker_variables: str = ""
    worker_user_id: int = 64_117
    thread_count: int = 0
    runtimes: str = ""
    runtime_pythons: str = ""
    upload_count: int = 16
    upload_bytes_per_s: int = 64 * MIB
    metrics: str = ""

    def __post_init__(self) -> None:
        if self.insecure and not self.is_loopback:
            raise ConfigError(
                f"refused to listen on {self.host!r} with --insecure: without encryption and pairing the agent serves "
                "loopback only; omit --insecure, or use 127.0.0.1"
            )
        if self.log_level not in LOG_LEVELS:
            raise ConfigError(f"log_level must be one of {', '.join(LOG_LEVELS)}, got {self.log_level!r}")
        if self.log_format not in LOG_FORMATS:
            raise ConfigError(f"log_format must be one of {', '.join(LOG_FORMATS)}, got {self.log_format!r}")
        for name, (lowest, highest) in _RANGES.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and lowest <= value <= highest):
                raise ConfigError(f"{name} must be {lowest:.16g} to {highest:.16g}, got {value}")
        if self.model_cache_bytes < self.model_bytes:
            raise ConfigError(
                f"model_cache_bytes must be >= model_bytes so that every allowed model fits, "
                f"got {self.model_cache_bytes} < {self.model_bytes}"
            )

        if self.metrics:
            parse_address(self.metrics)
        for name in self.runtime_names:
            if _RUNTIME_NAME.fullmatch(name) is None:
                raise ConfigError(f"runtimes must hold names such as onnxruntime,litert, got {name[:200]!r}")
        for item in self.runtime_python_items:
            require_runtime_python(item)
            if self.runtime_names and (name := item.partition("=")[0]) not in self.runtime_names:
                raise ConfigError(
                    f"runtime_pythons names {name!r}, which is not among the runtimes to offer "
                    f"({', '.join(self.runtime_names)}): add `--runtime {name}`, or omit its interpreter"
                )

    @property
    def runtime_names(self) -> tuple[str, ...]:
        """The names in `runtimes`; empty for all that are installed."""
        return _items(self.runtimes)

    @property
    def runtime_python_items(self) -> tuple[str, ...]:
        """The items of `runtime_pythons`, `NAME=PATH` each."""
        return _items(self.runtime_pythons)

    @property
    def is_loopback(self) -> bool:
        """Whether only this device can reach the address."""
        return is_loopback(self.host)

    @property
    def address(self) -> str:
        """Address to listen on, as `host:port`."""
        return join_address(self.host, self.port)


def _items(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


def require_runtime_python(item: str) -> None:
    """Check that an item of `runtime_pythons` names a runtime and an interpreter.

    Args:
        item: `NAME=PATH`.

    Raises:
        ConfigError: If it does not.
    """
    name, separator, path = item.partition("=")
    if not separator or _RUNTIME_NAME.fullmatch(name) is None or not os.path.isabs(path):
        raise ConfigError(
            f"runtime_pythons must hold NAME=PATH with the absolute path of an interpreter, such as "
            f"tflite=/opt/tflite/bin/python, got {item[:200]!r}"
        )
    if not os.access(path, os.X_OK) or os.path.isdir(path):
        raise ConfigError(
            f"the interpreter of runtime {name!r} cannot be started: {path}; name the python of the environment in "
            "which the runtime and edgeprof are installed"
        )


def parse_address(address: str) -> tuple[str, int]:
    """Split an address into host and port.

    Args:
        address: `host:port`, an IPv6 host in square brackets.

    Returns:
        The host without brackets, and the port.

    Raises:
        ConfigError: If it has another form.
    """
    try:
        return parse_any_address(address, min_port=0)
    except AddressError as error:
        raise ConfigError(str(error)) from None


def read_config(flags: Mapping[str, Any], environment: Mapping[str, str]) -> AgentConfig:
    """Combine defaults, environment and flags.

    Args:
        flags: Values by field of `AgentConfig`, and `listen` for host and port in one; `None` where not given.
        environment: Environment variables; `EDGEPROF_AGENT_LISTEN` and one for each other field are read, but none
            for `insecure` and `announce`.

    Returns:
        The configuration.

    Raises:
        ConfigError: If a value cannot be read or is outside its range.
    """
    values: dict[str, Any] = {}
    address = environment.get(f"{ENVIRONMENT_PREFIX}LISTEN")
    for field in dataclasses.fields(AgentConfig):
        text = environment.get(ENVIRONMENT_PREFIX + field.name.upper())
        if text is not None and field.name not in ("host", "port", "insecure", "announce"):
            values[field.name] = _parse(field.name, field.type, text)
    values.update({name: value for name, value in flags.items() if value is not None and name != "listen"})
    address = flags.get("listen") or address
    if address is not None:
        values["host"], values["port"] = parse_address(address)
    if "data_dir" not in values:
        values["data_dir"] = _default_data_dir(environment)
    return AgentConfig(**values)


def _parse(name: str, field_type: Any, text: str) -> Any:
    # A value that may be missing is of the type that it has where it is not.
    wanted = (get_args(field_type) or (field_type,))[0]
    variable = ENVIRONMENT_PREFIX + name.upper()
    if wanted is Path and not text:
        raise ConfigError(f"{variable} must be a path, got an empty text; unset it for the default")
    try:
        # Python reads more than what people mean by a number: underscores, other scripts' digits.
        return wanted(text if wanted not in (int, float) or _NUMBER.fullmatch(text.strip()) else "")
    except ValueError:
        raise ConfigError(f"{variable} must be a number ({wanted.__name__}), got {text[:40]!r}") from None


def _default_data_dir(environment: Mapping[str, str]) -> Path:
    data_home = environment.get("XDG_DATA_HOME")
    if data_home:
        return Path(data_home) / "edgeprof-agent"
    try:
        return Path.home() / ".local" / "share" / "edgeprof-agent"
    except RuntimeError:
        raise ConfigError(
            f"this user has no home folder: set HOME, or name a data folder with --data-dir or {ENVIRONMENT_PREFIX}"
            "DATA_DIR"
        ) from None
