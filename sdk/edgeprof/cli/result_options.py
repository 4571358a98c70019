"""Options by which results of the store are chosen."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgeprof_proto.records.measurement import VerdictKind

if TYPE_CHECKING:
    from edgeprof.reporting import Results

F = TypeVar("F", bound=Callable[..., Any])

FILTERS = frozenset(
    (
        *("device", "runtime", "precision", "model", "space", "architecture"),
        *("verdict", "source", "since", "until", "is_fastest"),
    )
)
"""Parameters of `result_options`."""

VERDICTS = {kind.text: kind for kind in VerdictKind}


def result_options(command: F) -> F:
    """Add the options that narrow which results are wanted; `chosen_results` takes their values."""
    options = (
        click.option("--device", default="", help="Of this device: its name, address or id."),
        click.option("--runtime", default="", help="Of this runtime."),
        click.option("--precision", default="", help="Of this precision."),
        click.option(
            "--model", default="", help="Of this model: its file's name, with * and ? for others, or its SHA-256."
        ),
        click.option("--space", default="", help="Of networks of this search space."),
        click.option("--architecture", default="", help="Of this architecture."),
        click.option("--verdict", type=click.Choice(sorted(VERDICTS)), help="With this verdict."),
        click.option("--source", default="", help="Measured by this tool: edgeprof, benchmark_app and others."),
        click.option("--since", type=click.DateTime(), help="Stored then or later, in local time."),
        click.option("--until", type=click.DateTime(), help="Stored before then, in local time."),
        click.option(
            "--fastest", "is_fastest", is_flag=True, help="One for each network on each platform, the fastest."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def given_options() -> dict[str, str]:
    """Return the options of the command that runs which were given on the command line, by their parameters' names."""
    context = click.get_current_context()
    return {
        parameter.name: parameter.opts[0]
        for parameter in context.command.params
        if isinstance(parameter, click.Option)
        and parameter.name is not None
        and context.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    }


def refuse_unused(taken: Collection[str], what: str) -> None:
    """Refuse options of the command that runs which would change nothing.

    Args:
        taken: Names of the parameters that count.
        what: What the command does or shows.

    Raises:
        click.UsageError: If another one was given.
    """
    unused = [flag for name, flag in given_options().items() if name not in taken]
    if unused:
        raise click.UsageError(f"{what} makes no use of {', '.join(unused)}: leave that out")


def chosen_results(*, verdict: str | None, is_fastest: bool, limit: int | None = None, **values: Any) -> "Results":
    """Return the results that the options choose, the newest first.

    Args:
        verdict: Text of the verdict.
        is_fastest: Whether to keep one for each network on each platform, of which a limit does not count.
        limit: At most so many; None for all.
        values: The other options by name.
    """
    import edgeprof

    found = edgeprof.results(
        verdict=VERDICTS[verdict] if verdict else None, limit=None if is_fastest else limit, **values
    )
    return found.fastest() if is_fastest else found
