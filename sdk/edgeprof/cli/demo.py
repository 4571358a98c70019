"""`edgeprof demo`: the real commands, one after the other, on this machine."""

import re
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Any

import click

from edgeprof.cli.console import messages
from edgeprof.cli.parameters import DEFAULT_SPACE, Count, json_option, setting_from, setting_options
from edgeprof.cli.plain_output import print_json
from edgeprof.errors import OutputFileError
from edgeprof.output_files import check_output

UNSEEN_COUNT = 24


@click.command()
@click.option("--space", default=DEFAULT_SPACE, show_default=True, help="Search space.")
@setting_options
@click.option("--samples", type=Count(3, 200), help="Networks to onboard with at most.  [default: 10]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("edgeprof-demo"),
    show_default=True,
    help="Folder for profile and plot.",
)
@json_option
def demo(space: str, samples: int | None, output: Path, as_json: bool, **setting_values: Any) -> None:
    """Onboard this machine with a few networks, then check the predictions on networks never measured.

    Starts an agent here for as long as it takes. Each search space and setting has a profile and a plot of its own.
    Interrupted, the same command goes on where it stopped.
    """
    chosen = [*(["--space", space] if space != DEFAULT_SPACE else []), *_setting_arguments(setting_values)]
    from edgeprof.devices.local_agent import local_agent
    from edgeprof.measuring.goal import DEFAULT_SAMPLE_COUNT
    from edgeprof.store import store_folder

    begin_s = time.monotonic()
    profile, picture = _prepared(output, chosen[1::2])
    messages.print("$ edgeprof-agent serve", style="bold")
    # With --json the figures alone are on stdout.
    with ExitStack() as stack:
        if as_json:
            stack.enter_context(redirect_stdout(sys.stderr))
        address = stack.enter_context(local_agent(store_folder() / "demo-agent"))
        count = DEFAULT_SAMPLE_COUNT if samples is None else samples
        run("onboard", "--device", address, *chosen, "--samples", str(count), "--output", profile)
        verification = run("verify", profile, "--device", address, "--count", str(UNSEEN_COUNT), "--picture", picture)
    messages.print(f"as a page in the browser: {_program()} report {shlex.quote(profile)} --open")
    if as_json:
        print_json({**verification.figures(), "seconds": time.monotonic() - begin_s, "picture": picture})


def _program() -> str:
    """Return what a shell in this folder calls us by: the path where we lie below it, as after `scripts/demo`."""
    path = Path(sys.argv[0]).absolute()
    is_below = path.name == "edgeprof" and path.is_relative_to(Path.cwd())
    return str(path.relative_to(Path.cwd())) if is_below else "edgeprof"


def _prepared(folder: Path, chosen: Sequence[str]) -> tuple[str, str]:
    """Return the files of profile and plot; the folder is there, and both can be written.

    Args:
        folder: Where they are.
        chosen: What is not the default, for their names.
    """
    from edgeprof.plots.figure_file import check_picture

    name = "-".join(["demo", *(re.sub("[^A-Za-z0-9.]+", "-", value) for value in chosen)])
    profile, picture = folder / f"{name}.edgeprof", folder / f"{name}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFileError(
            f"cannot make the folder {folder} ({error.strerror}): name another with --output"
        ) from error
    check_output(profile)
    check_picture(picture)
    return str(profile), str(picture)


def _setting_arguments(values: Mapping[str, Any]) -> list[str]:
    """Return the options of `setting_options` as a command line; those that have their default are left out.

    Args:
        values: The values by name, as a command gets them.
    """
    setting, default = setting_from(**values), setting_from(None, "", "", 1, 1, ())
    texts = {
        "--runtime": setting.runtime if values["runtime"] is not None else "",
        "--provider": setting.provider,
        "--precision": setting.precision,
        "--threads": str(setting.thread_count) if setting.thread_count != default.thread_count else "",
        "--batch": str(setting.batch_size) if setting.batch_size != default.batch_size else "",
    }
    arguments = [part for name, text in texts.items() if text for part in (name, text)]
    return arguments + [part for name, value in setting.options.items() for part in ("--option", f"{name}={value}")]


def run(*arguments: str) -> Any:
    """Run one of the other verbs, and print its command line."""
    from edgeprof.cli.main import edgeprof

    messages.print(f"$ edgeprof {shlex.join(arguments)}", style="bold")
    return edgeprof.main(list(arguments), standalone_mode=False)
