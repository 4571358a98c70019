"""`edgeprof demo`: the real commands, one after the other, on this machine."""

import shlex
import sys
import time
from contextlib import ExitStack, redirect_stdout
from pathlib import Path
from typing import Any

import click

from edgeprof.cli.console import messages, print_json
from edgeprof.cli.parameters import Count, json_option
from edgeprof.errors import OutputFileError
from edgeprof.output_files import check_output

UNSEEN_COUNT = 24


@click.command()
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
def demo(samples: int | None, output: Path, as_json: bool) -> None:
    """Onboard this machine with a few networks, then check the predictions on networks never measured.

    Starts an agent here for as long as it takes. Interrupted, the same command goes on where it stopped.
    """
    from edgeprof.devices.local_agent import local_agent
    from edgeprof.onboarding.goal import DEFAULT_SAMPLE_COUNT
    from edgeprof.store import default_store_path

    begin_s = time.monotonic()
    profile, picture = _prepared(output)
    messages.print("$ edgeprof-agent serve", style="bold")
    # With --json the figures alone are on stdout.
    with ExitStack() as stack:
        if as_json:
            stack.enter_context(redirect_stdout(sys.stderr))
        address = stack.enter_context(local_agent(default_store_path().parent / "demo-agent"))
        count = DEFAULT_SAMPLE_COUNT if samples is None else samples
        run("onboard", "--device", address, "--samples", str(count), "--output", profile)
        verification = run("verify", profile, "--device", address, "--count", str(UNSEEN_COUNT), "--picture", picture)
    if as_json:
        print_json({**verification.figures(), "seconds": time.monotonic() - begin_s, "picture": picture})


def _prepared(folder: Path) -> tuple[str, str]:
    """Return the files of profile and plot; the folder is there, and both can be written."""
    from edgeprof.plots.figure_file import check_picture

    profile, picture = folder / "demo.edgeprof", folder / "demo.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFileError(
            f"cannot make the folder {folder} ({error.strerror}): name another with --output"
        ) from error
    check_output(profile)
    check_picture(picture)
    return str(profile), str(picture)


def run(*arguments: str) -> Any:
    """Run one of the other verbs, and print its command line."""
    from edgeprof.cli.main import edgeprof

    messages.print(f"$ edgeprof {shlex.join(arguments)}", style="bold")
    return edgeprof.main(list(arguments), standalone_mode=False)
