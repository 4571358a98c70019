"""`edgeprof deploy`."""

import sys
from pathlib import Path

import click

from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json
from edgeprof_proto import DEFAULT_PORT


@click.command()
@click.argument("target", metavar="[USER@]HOST", required=False)
@click.option("--runtime", "runtimes", multiple=True, help="Runtime; may be given again.  [default: onnxruntime]")
@click.option("--no-runtime", is_flag=True, help="Bring the agent alone.")
@click.option("--listen", default=f"0.0.0.0:{DEFAULT_PORT}", show_default=True, help="Address on the board.")
@click.option("--folder", default="", help="Folder on the board.  [default: /opt/edgeprof, or the user's]")
@click.option("--ssh", default="ssh", envvar="EDGEPROF_SSH", show_envvar=True, help='With options: "ssh -p 8022".')
@click.option("--remove", is_flag=True, help="Remove all that was brought, and the pairing.")
@click.option("--keep-results/--purge", default=None, help="With --remove: whether models and results stay there.")
@click.option("--pack", metavar="PLATFORM", help="Write an archive for a stick instead: linux-aarch64, for example.")
@click.option("--python", metavar="X.Y", help="With --pack: Python of the board.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="With --pack: the archive, a .tar.gz.")
@json_option
def deploy(
    target: str | None,
    runtimes: tuple[str, ...],
    no_runtime: bool,
    listen: str,
    folder: str,
    ssh: str,
    remove: bool,
    keep_results: bool | None,
    pack: str | None,
    python: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Bring the agent onto a board over SSH, start it, and pair with it; the same command updates it.

    HOST is what ssh takes. Wheels are gathered on this host, so the board needs no network. Interrupted, the same
    command goes on where it stopped.
    """
    import edgeprof
    from edgeprof.cli.deploy_progress import StepLines

    if no_runtime and runtimes:
        raise click.UsageError("--runtime and --no-runtime exclude each other")
    chosen = () if no_runtime else runtimes or ("onnxruntime",)
    if pack is not None:
        if target is not None or remove or python is None or output is None:
            raise click.UsageError("--pack takes --python and --output, and no HOST")
        path = edgeprof.pack_agent(pack, python, output, chosen, listener=StepLines())
        click.echo(f"wrote {path}; on the board: tar -xzf {path.name} && sh edgeprof-agent/install.sh")
        return
    if target is None:
        raise click.UsageError("name a board as [USER@]HOST, or a platform with --pack")
    if remove:
        keep = _asked() if keep_results is None else keep_results
        said = edgeprof.undeploy(target, keep_results=keep, listen=listen, folder=folder, ssh=ssh, listener=StepLines())
        print_json({"done": said}) if as_json else click.echo("\n".join(said))
        return
    deployed = edgeprof.deploy(target, chosen, listen=listen, folder=folder, ssh=ssh, listener=StepLines())
    if as_json:
        print_json(
            {name: getattr(deployed, name) for name in ("address", "folder", "service", "is_reachable", "runtimes")}
        )
    else:
        click.echo(f"paired with the agent at {deployed.address}: edgeprof devices {deployed.address}")
    if len(deployed.runtimes) < len(set(chosen)):
        sys.exit(1)


def _asked() -> bool:
    """Ask whether results stay on the board."""
    if not sys.stdin.isatty():
        raise click.UsageError("say with --keep-results or --purge whether models and results stay on the board")
    return not click.confirm("remove the agent's models and results on the board too?", err=True)
