"""Options by which one of the settings that a profile's file holds is chosen."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def profile_setting_options(command: F) -> F:
    """Add `--runtime` and `--precision`, by which one of several settings in a profile's file is chosen."""
    runtime = click.option(
        "--runtime", default="", help="Runtime, where PROFILE holds several.  [default: the first that it holds]"
    )
    precision = click.option("--precision", default="", help="Precision, where PROFILE holds several.")
    return runtime(precision(command))
