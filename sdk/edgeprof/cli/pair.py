"""`edgeprof pair`."""

import sys

import click


@click.command()
@click.argument("address", metavar="HOST:PORT")
@click.option("--forget", is_flag=True, help="Forget the device that was paired at this address instead.")
def pair(address: str, forget: bool) -> None:
    """Pair this host with the device whose agent is at HOST:PORT.

    Asks for the code that `edgeprof-agent pair` shows on the device, or reads it from stdin.
    """
    import edgeprof

    if forget:
        click.echo(f"forgot {address}" if edgeprof.forget_device(address) else f"no device was paired at {address}")
        return
    name = edgeprof.pair(address, _ask_code)
    click.echo(f"paired with the device at {address}; it calls this host {name}")


def _ask_code() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    code: str = click.prompt("code", err=True, hide_input=True)
    return code
