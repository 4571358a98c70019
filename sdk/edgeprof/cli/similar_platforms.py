"""What `edgeprof devices --similar` prints."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.cli.console import messages, plain_table, print_table
from edgeprof.cli.plain_output import print_json

if TYPE_CHECKING:
    from edgeprof_predictor.methods.default.predictor import DefaultPredictor
    from edgeprof_predictor.profile import Profile


def print_similar(profile_path: Path, picture: Path | None, *, as_json: bool) -> None:
    """Print which known platforms the one of a profile resembles, and draw them.

    Args:
        profile_path: The profile.
        picture: File of the map; None for none.
        as_json: Whether to print JSON on stdout.
    """
    from edgeprof.plots.figure_file import check_picture
    from edgeprof.plots.platform_map import draw_platform_map
    from edgeprof.prediction import load_profile
    from edgeprof_predictor.explanations.similarity import similar_platforms

    check_picture(picture, inputs=[profile_path])
    profile = load_profile(profile_path)
    found = similar_platforms(_by_default(profile))
    if picture is not None:
        draw_platform_map(found, picture, name=profile.platform.get("name", ""))
        messages.print(f"picture: {picture}")
    if as_json:
        print_json({"space": profile.space.name, "platforms": [dataclasses.asdict(one) for one in found]})
        return
    table = plain_table()
    for heading in ("known platform", "correlation", "90 % interval"):
        table.add_column(heading, justify="left" if heading == "known platform" else "right")
    for one in found:
        table.add_row(one.platform, f"{one.correlation:.3f}", f"{one.lower:.3f} to {one.upper:.3f}")
    print_table(table)
    messages.print(
        f"of log latency over {profile.space.name}, from {profile.samples.count} samples: what these leave open widens "
        "the intervals"
    )


def _by_default(profile: "Profile") -> "DefaultPredictor":
    """Return the default method adapted to the samples of a profile, whatever method predicts there."""
    from edgeprof.evaluating.known_bundles import bundle_of_space
    from edgeprof_predictor.errors import ProfileError
    from edgeprof_predictor.methods.default.predictor import DefaultPredictor

    if isinstance(profile.predictor, DefaultPredictor):
        return profile.predictor
    bundle = bundle_of_space(profile.space.name)
    if bundle is None:
        raise ProfileError(f"no platform is known that {profile.space.name} was measured on")
    return bundle.method.for_pruned_graphs().adapt(profile.samples, seed=0)
