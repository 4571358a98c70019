"""Options that several verbs share, and the types of their values."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edgeprof.arguments import DEFAULT_RUNTIME, MAX_JOB_COUNT, MAX_SEED
from edgeprof_proto.records.job_spec import Setting

F = TypeVar("F", bound=Callable[..., Any])


DECIMAL = r"\d{1,15}(?:\.\d{0,15})?"
"""Digits with or without a point: Python also reads underscores, `nan`, `inf` and digits of other scripts."""

MAX_DURATION_S = 30 * 24 * 3600.0
"""Longest duration of an option, in seconds: that of the contract, a month."""

MAX_SETTING_COUNT = 2**31 - 1
"""Most threads and inputs of a setting that the contract can say; the device has its own limits."""

DEFAULT_SPACE = "nasbench201"
"""Search space of verbs that are given none."""

MAX_RUN_COUNT = 1_000_000
"""Most runs of a measurement: that of the contract."""


class Count(click.ParamType[int]):
    """A whole number in a range.

    Args:
        lowest: Smallest number.
        highest: Largest number.
    """

    name = "integer"

    def __init__(self, lowest: int, highest: int) -> None:
        self._lowest, self._highest = lowest, highest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Turn the text into a number."""
        if isinstance(value, int):
            return value
        number = int(value) if re.fullmatch(r"-?\d{1,20}", value, re.ASCII) else None
        if number is None or not self._lowest <= number <= self._highest:
            self.fail(
                f"{value[:40]} is not in the range of whole numbers, {self._lowest} to {self._highest}", param, ctx
            )
        return number


class Number(click.ParamType[float]):
    """A number in a range.

    Args:
        lowest: Smallest number.
        highest: Largest number.
        is_highest_allowed: Whether the largest itself is allowed.
    """

    name = "number"

    def __init__(self, lowest: float, highest: float, *, is_highest_allowed: bool = True) -> None:
        self._lowest, self._highest, self._is_highest_allowed = lowest, highest, is_highest_allowed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into a number."""
        if isinstance(value, float):
            return value
        number = float(value) if re.fullmatch(rf"-?{DECIMAL}", value, re.ASCII) else self._lowest - 1
        if not self._lowest <= number <= self._highest or (number == self._highest and not self._is_highest_allowed):
            end = "to" if self._is_highest_allowed else "to below"
            self.fail(
                f"{value[:40]} is not in the range of numbers, {self._lowest:g} {end} {self._highest:g}", param, ctx
            )
        return number


class Percentage(click.ParamType[float]):
    """A share such as `5%` or `0.05`."""

    name = "percentage"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into a share."""
        parts = re.fullmatch(rf"({DECIMAL})(%?)", value, re.ASCII)
        share = float(parts[1]) / (100 if parts[2] else 1) if parts else -1.0
        if not 0 < share < 1:
            self.fail(f"{value[:40]!r} is no percentage between 0 and 100 %; write 5% or 0.05", param, ctx)
        return share


class Duration(click.ParamType[float]):
    """A time such as `90s`, `3m` or `1h30m`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into seconds."""
        parts = re.fullmatch(rf"(?:(\d{{1,9}})h)?(?:(\d{{1,9}})m)?(?:({DECIMAL})s?)?", value, re.ASCII)
        hours, minutes, seconds = (float(part or 0) for part in parts.groups()) if parts else (0.0, 0.0, 0.0)
        duration_s = 3600 * hours + 60 * minutes + seconds
        if not 0 < duration_s <= MAX_DURATION_S:
            self.fail(
                f"{value[:40]!r} is no duration of more than 0 s and at most 30 days; write 90s, 3m or 1h30m",
                param,
                ctx,
            )
        return duration_s


class Latency(click.ParamType[float]):
    """A latency such as `5ms` or `0.8ms`, in milliseconds."""

    name = "latency"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Turn the text into milliseconds."""
        parts = re.fullmatch(rf"({DECIMAL})(ms|s)", value, re.ASCII)
        latency_ms = float(parts[1]) * (1.0 if parts[2] == "ms" else 1_000.0) if parts else 0.0
        if not 0 < latency_ms <= 1_000 * MAX_DURATION_S:
            self.fail(f"{value[:40]!r} is no latency greater than 0; write 5ms or 0.8ms", param, ctx)
        return latency_ms


class NumberList(click.ParamType[tuple[float, ...]]):
    """Numbers joined by commas, such as `0.7,0.3`."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Split the text into numbers."""
        parts = [part.strip() for part in value.split(",")]
        if not all(re.fullmatch(DECIMAL, part, re.ASCII) for part in parts):
            self.fail(f"{value[:40]!r} is no list of numbers; write 0.7,0.3", param, ctx)
        return tuple(map(float, parts))


class NameList(click.ParamType[tuple[str, ...]]):
    """Names joined by commas, each once."""

    name = "names"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Split the text into names; those of a default are split already."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip() for name in value.split(","))
        if not all(names):
            self.fail(f"{value!r} holds an empty name; write A,B,C", param, ctx)
        repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if repeated:
            self.fail(f"{', '.join(repeated)} is named more than once", param, ctx)
        return names


class CountList(click.ParamType[tuple[int, ...]]):
    """Counts joined by commas, such as `3,5,10`."""

    name = "counts"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Split the text into counts; those given twice count once."""
        parts = [part.strip() for part in value.split(",")]
        if not all(re.fullmatch(r"\d{1,7}", part, re.ASCII) for part in parts):
            self.fail(f"{value[:40]!r} is no list of counts; write 3,5,10,20", param, ctx)
        return tuple(sorted(set(map(int, parts))))


def json_option(command: F) -> F:
    """Add `--json`, which prints the result for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")(command)


def scores_file_option(command: F) -> F:
    """Add `--output OUT`, the file for all scores of a long run."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="OUT.json",
        help="Write all scores there. Finished parts are kept beside it: interrupted, the same command goes on.",
    )(command)


def seed_option(meaning: str) -> Callable[[F], F]:
    """Return what adds `--seed`.

    Args:
        meaning: What it is the seed of, for the help.
    """
    return click.option("--seed", type=Count(0, MAX_SEED), default=0, show_default=True, help=meaning)


def parallel_options(command: F) -> F:
    """Add `--jobs` and `--backend`, which say how many parts of a long computation run at once, and where."""
    jobs = click.option(
        "--jobs", type=Count(1, MAX_JOB_COUNT), help="Parts to run at the same time.  [default: one a core]"
    )
    backend = click.option(
        "--backend",
        type=click.Choice(["loky", "ray", "dask"]),
        default="loky",
        show_default=True,
        help="Where to run them: processes here, or a cluster at RAY_ADDRESS or DASK_SCHEDULER_ADDRESS.",
    )
    return jobs(backend(command))


def effort_option(command: F) -> F:
    """Add `--effort`, the length of a measurement."""
    return click.option(
        "--effort",
        type=click.Choice(["quick", "standard", "strict"]),
        default="standard",
        show_default=True,
        help="Length of the measurement; strict continues until the interval is narrow, or reports why it is not.",
    )(command)


def allow_fallback_option(command: F) -> F:
    """Add `--allow-fallback`, which accepts that a provider runs a part of the model only."""
    return click.option(
        "--allow-fallback", is_flag=True, help="Accept that some nodes run elsewhere than on the provider."
    )(command)


def setting_options(command: F) -> F:
    """Add the options that make a setting; `setting_from` reads them, or `device_setting` once there is a device."""
    runtime = click.option("--runtime", help="Runtime on the device.  [default: onnxruntime, or else the first it has]")
    return runtime(setting_options_beside_runtime(command))


def setting_options_beside_runtime(command: F) -> F:
    """Add the options that make a setting with a runtime."""
    options = (
        click.option("--provider", default="", help="Execution provider or delegate.  [default: the runtime's]"),
        click.option("--precision", default="", help="Precision of the computation.  [default: the runtime's]"),
        click.option("--threads", type=Count(1, MAX_SETTING_COUNT), default=1, show_default=True, help="Threads."),
        click.option(
            "--batch", type=Count(1, MAX_SETTING_COUNT), default=1, show_default=True, help="Inputs in one run."
        ),
        click.option(
            "--option",
            "options",
            multiple=True,
            metavar="NAME=VALUE",
            help="Option of the runtime, or cores=big for a cluster of cores; may be given again.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def calibration_option(command: F) -> F:
    """Add `--calibration`, the data by which networks are made integers."""
    return click.option(
        "--calibration",
        type=click.Path(path_type=Path),
        metavar="DATA.npz",
        help="Inputs by which --precision int8 scales the exported networks.  [default: synthetic ones]",
    )(command)


def setting_from(
    runtime: str | None, provider: str, precision: str, threads: int, batch: int, options: tuple[str, ...]
) -> Setting:
    """Make the setting that the options of `setting_options` describe; a runtime that is None is the default one."""
    pairs = [option.partition("=") for option in options]
    for name, separator, value in pairs:
        if not (name and separator and value):
            raise click.BadParameter(f"--option wants NAME=VALUE, got {name + separator + value!r}")
    return Setting(
        runtime=runtime or DEFAULT_RUNTIME,
        provider=provider,
        precision=precision,
        thread_count=threads,
        batch_size=batch,
        options={name: value for name, _, value in pairs},
    )
