"""`edgeprof dashboard`."""

import webbrowser
from pathlib import Path

import click

from edgeprof.cli.console import messages
from edgeprof.cli.parameters import Count
from edgeprof_proto.shared.address import MAX_PORT


@click.command()
@click.argument("profiles", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]...")
@click.option("--port", type=Count(0, MAX_PORT), default=0, help="Port on loopback.  [default: a free one]")
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
def dashboard(profiles: tuple[Path, ...], port: int, opens: bool) -> None:
    """Serve pages over the store of this host to browsers of this machine, until Ctrl-C.

    Shows what runs, which devices and results there are, and the profiles in FILEs and FOLDERs, by default this one. It
    reads only.
    """
    from edgeprof.dashboard.serving import serve_dashboard

    def on_ready(address: str) -> None:
        click.echo(address)
        if opens and not webbrowser.open(address):
            messages.print("no browser is found here: open the address in one")

    try:
        serve_dashboard(profiles or (Path(),), port=port, on_ready=on_ready)
    except KeyboardInterrupt:
        messages.print("ended")
