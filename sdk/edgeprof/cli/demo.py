"""`edgeprof demo`: the real commands, one after the other, on this machine."""

import json
import shlex
import time
from pathlib import Path
from typing import Any

import click

from edgeprof.cli.console import messages

UNSEEN_COUNT = 24


@click.command()
@click.option("--samples", type=int, help="Networks to onboard with at most.  [default: 10]")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("edgeprof-demo"),
    show_default=True,
    help="Folder for profile and plot.",
)
def demo(samples: int | None, json_file: Path | None, output: Path) -> None:
    """Onboard this machine with a few networks, then check the predictions on networks never measured.

    Starts an agent here for as long as it takes. Interrupted, the same command goes on where it stopped.
    """
    from edgeprof.devices.local_agent import local_agent
    from edgeprof.onboarding.goal import DEFAULT_SAMPLE_COUNT, Goal
    from edgeprof.store import default_store_path

    count = DEFAULT_SAMPLE_COUNT if samples is None else samples
    Goal(sample_count=count)  # refuses a wrong number before an agent is started
    begin_s = time.monotonic()
    output.mkdir(parents=True, exist_ok=True)
    profile, picture = str(output / "demo.edgeprof"), str(output / "demo.png")
    messages.print("[bold]$ edgeprof-agent serve[/bold]")
    with local_agent(default_store_path().parent / "demo-agent") as address:
        run("onboard", "--device", address, "--samples", str(count), "--output", profile)
        verification = run("verify", profile, "--device", address, "--count", str(UNSEEN_COUNT), "--picture", picture)
    figures = {**verification.figures(), "seconds": time.monotonic() - begin_s, "picture": picture}
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n")


def run(*arguments: str) -> Any:
    """Run one of the other verbs, and print its command line."""
    from edgeprof.cli.main import edgeprof

    messages.print(f"[bold]$ edgeprof {shlex.join(arguments)}[/bold]")
    return edgeprof.main(list(arguments), standalone_mode=False)
