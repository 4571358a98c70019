"""Options that several commands share, and the configuration from options and environment."""

import argparse
import os
from pathlib import Path

from edgeprof_agent.config import (
    DEFAULT_METRICS_ADDRESS,
    LOG_FORMATS,
    LOG_LEVELS,
    AgentConfig,
    parse_address,
    read_config,
)
from edgeprof_agent.errors import ConfigError

_FLAGS = ("listen", "data_dir", "log_level", "log_format", "log_file", "insecure", "announce", "metrics")


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Add `--data-dir`."""
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="data folder, used by this agent only")


def add_listen(parser: argparse.ArgumentParser) -> None:
    """Add `--listen`."""
    parser.add_argument(
        "--listen", type=_address, metavar="HOST:PORT", help="address to listen on; port 0 takes a free one"
    )


def add_announce(parser: argparse.ArgumentParser) -> None:
    """Add `--announce`."""
    parser.add_argument(
        "--announce",
        action="store_true",
        default=None,
        help="tell the local network of this agent by zeroconf, so that `edgeprof devices --discover` finds it",
    )


def add_log_options(parser: argparse.ArgumentParser) -> None:
    """Add `--log-level`, `--log-format` and `--log-file`."""
    parser.add_argument("--log-level", choices=LOG_LEVELS, help="lowest level to log")
    parser.add_argument("--log-format", choices=LOG_FORMATS, help="text, or one JSON object per line")
    parser.add_argument(
        "--log-file",
        type=Path,
        metavar="FILE",
        help="file to log into, at most 10 MiB with rotated files; default: stderr",
    )


def add_metrics(parser: argparse.ArgumentParser) -> None:
    """Add `--metrics`."""
    parser.add_argument(
        "--metrics",
        type=_address,
        nargs="?",
        const=DEFAULT_METRICS_ADDRESS,
        metavar="HOST:PORT",
        help=f"serve Prometheus metrics over plain HTTP, on {DEFAULT_METRICS_ADDRESS} unless told otherwise",
    )


def add_runtimes(parser: argparse.ArgumentParser) -> None:
    """Add `--runtime` and `--runtime-python`."""
    parser.add_argument(
        "--runtime",
        action="append",
        metavar="NAME",
        help="offer this runtime and no other; may be given again; default: all that are installed",
    )
    parser.add_argument(
        "--runtime-python",
        action="append",
        metavar="NAME=PATH",
        help="run the runtime NAME with the Python at PATH, in whose environment it and edgeprof are installed; may be "
        "given again",
    )


def config_of(options: argparse.Namespace) -> AgentConfig:
    """Return the configuration from the options of a command and the environment.

    Raises:
        ConfigError: If a value cannot be read or is outside its range.
    """
    flags = {name: getattr(options, name, None) for name in _FLAGS}
    for field, option in (("runtimes", "runtime"), ("runtime_pythons", "runtime_python")):
        items = getattr(options, option, None)
        flags[field] = ",".join(items) if items else None
    return read_config(flags, os.environ)


def _address(text: str) -> str:
    try:
        parse_address(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
