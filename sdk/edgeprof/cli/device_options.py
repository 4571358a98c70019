"""Options that name devices: `--device` by name or address, `--tag` by what several have in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgeprof_proto import DEFAULT_PORT

if TYPE_CHECKING:
    from edgeprof.devices.pairings import NamedDevice

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_ADDRESS = f"127.0.0.1:{DEFAULT_PORT}"

DEVICE = "NAME|HOST:PORT"

_TAGS = "edgeprof.tags"
"""Where the values of `--tag` wait for those of `--device`."""


def device_option(command: F) -> F:
    """Add `--device` and `--tag`, which name one device; the command gets the `address` of its agent."""
    return optional_device_option(
        "The device: its name, or the address of its agent.",
        default=DEFAULT_ADDRESS,
        envvar="EDGEPROF_DEVICE",
        show_default=True,
        show_envvar=True,
    )(command)


def optional_device_option(meaning: str, **options: Any) -> Callable[[F], F]:
    """Return what adds `--device` and `--tag` for a command that needs no device; its `address` may be None.

    Args:
        meaning: What the device is for.
        options: Further arguments of `click.option`.
    """

    def add(command: F) -> F:
        device = click.option("--device", "address", metavar=DEVICE, callback=_one_address, help=meaning, **options)
        return device(_tag_option("Or the only device that has this tag.")(command))

    return add


def devices_option(command: F) -> F:
    """Add `--device` and `--tag`, which may be given again; the command gets the `devices`, one at least."""
    option = click.option(
        "--device",
        "devices",
        multiple=True,
        metavar=DEVICE,
        callback=_several,
        envvar="EDGEPROF_DEVICE",
        show_envvar=True,
        help="A device: its name, or the address of its agent. Given again, it is done on all of them at once.  "
        f"[default: {DEFAULT_ADDRESS}]",
    )
    return option(_tag_option("And all devices that have this tag; may be given again.")(command))


def devices_argument(command: F) -> F:
    """Add the argument DEVICE... and `--tag`; the command gets the `devices`, which may be none."""
    argument = click.argument("devices", nargs=-1, metavar=f"[{DEVICE}]...", callback=_several)
    return argument(_tag_option("And all devices that have this tag; may be given again.")(command))


def require_devices(devices: "list[NamedDevice]") -> None:
    """Refuse a command that names no device.

    Raises:
        click.UsageError: If there is none.
    """
    if not devices:
        raise click.UsageError(f"name a device as {DEVICE}, or several by --tag")


def _tag_option(meaning: str) -> Callable[[F], F]:
    return click.option(
        "--tag", metavar="TAG", multiple=True, expose_value=False, is_eager=True, callback=_keep_tags, help=meaning
    )


def _keep_tags(context: click.Context, _: click.Parameter, tags: tuple[str, ...]) -> None:
    context.meta[_TAGS] = tags


def _one_address(context: click.Context, parameter: click.Parameter, device: str | None) -> str | None:
    tags, is_given = context.meta[_TAGS], _is_given(context, parameter)
    if tags and is_given:
        raise click.UsageError("--device and --tag both name the device; give one of them")
    if not tags:
        if device is None:
            return None
        from edgeprof.devices.named_devices import address_of

        return address_of(device)
    found = _found((), tags)
    if len(found) > 1:
        names = ", ".join(item.name for item in found)
        raise click.UsageError(f"--tag {' '.join(tags)} names {names}; this takes one of them: --device NAME")
    return found[0].address


def _several(context: click.Context, parameter: click.Parameter, devices: tuple[str, ...]) -> "list[NamedDevice]":
    tags = context.meta[_TAGS]
    # Of the environment or the default, a device is not meant beside those that a tag names.
    wanted = devices if _is_given(context, parameter) or not tags else ()
    if not wanted and not tags and isinstance(parameter, click.Option):
        wanted = (DEFAULT_ADDRESS,)
    return _found(wanted, tags)


def _is_given(context: click.Context, parameter: click.Parameter) -> bool:
    assert parameter.name is not None
    return context.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE


def _found(devices: tuple[str, ...], tags: tuple[str, ...]) -> "list[NamedDevice]":
    from edgeprof.devices.named_devices import find_devices

    return find_devices(devices, tags)
