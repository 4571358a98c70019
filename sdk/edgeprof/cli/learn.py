"""`edgeprof learn`."""

import dataclasses
from pathlib import Path

import click

from edgeprof.cli.console import messages, print_facts
from edgeprof.cli.parameters import json_option, seed_option
from edgeprof.cli.plain_output import print_json
from edgeprof.cli.table_options import bundle_output_options, require_bundle_output


@click.command()
@click.argument("profiles", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PROFILE...")
@bundle_output_options
@click.option("--space", default="", help="Search space.  [default: the only one that the first profile predicts]")
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Bundle whose platforms stay sources.  [default: the space's own]",
)
@seed_option("Seed of what is drawn.")
@json_option
def learn(
    profiles: tuple[Path, ...],
    output: Path | None,
    registers: bool,
    space: str,
    bundle: Path | None,
    seed: int,
    as_json: bool,
) -> None:
    """Let devices that were onboarded be sources for the next ones, beside the published platforms.

    Each counts by how well its samples explain it. What the store holds of a device beside its profile, from
    verifications and searches, is learned from too.
    """
    require_bundle_output(output, registers=registers)
    import edgeprof

    with messages.status("learning"):
        learned = edgeprof.learn(profiles, output, space=space, bundle=bundle, registers=registers, seed=seed)
    card = learned.bundle.card
    if as_json:
        own = [dataclasses.asdict(one) for one in learned.platforms]
        print_json(
            {"bundle": str(learned.path), "space": card.space, "platforms": card.platforms, "own_platforms": own}
        )
        return
    others = len(card.platforms) - len(learned.platforms)
    print_facts(
        f"{learned.path}, {card.space}",
        {
            "platforms": f"{others} of the bundle, {len(learned.platforms)} of your own",
            **{
                one.platform: f"{one.sample_count} networks measured, trust {one.trust:.2f}"
                for one in learned.platforms
            },
        },
    )
