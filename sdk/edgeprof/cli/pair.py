"""`edgeprof pair`."""

import sys

import click

from edgeprof.cli.device_options import DEVICE


@click.command()
@click.argument("device", metavar=DEVICE)
@click.option("--forget", is_flag=True, help="Forget the device that was paired at this address instead.")
def pair(device: str, forget: bool) -> None:
    """Pair this host with the device of a name, or whose agent is at HOST:PORT.

    Asks for the code that `edgeprof-agent pair` shows on the device, or reads it from stdin.
    """
    import edgeprof
    from edgeprof.devices.named_devices import address_of

    address = address_of(device)
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
