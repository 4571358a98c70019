"""`edgeprof report`."""

import re
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgeprof.cli.console import messages
from edgeprof.cli.parameters import json_option
from edgeprof.cli.plain_output import print_json
from edgeprof.cli.result_options import FILTERS, chosen_results, given_options, refuse_unused, result_options

if TYPE_CHECKING:
    from edgeprof.reporting import Results
    from edgeprof_predictor.profile_file import ProfileFile

NUMBER = re.compile(r"\d{1,10}", re.ASCII)


@click.command()
@click.argument("sources", nargs=-1, metavar="[NUMBER [NUMBER]|PROFILE|FILE.json]")
@result_options
@click.option("--models", "is_of_models", is_flag=True, help="Show the profile of models that PROFILE holds.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The page.  [default: named after what it shows, here]",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@json_option
def report(
    sources: tuple[str, ...], is_of_models: bool, output: Path | None, opens: bool, as_json: bool, **chosen: Any
) -> None:
    """Write one HTML page that needs no other file: of a result, of two, of a profile, or of all results.

    NUMBER is that of a result in `edgeprof results`; two are compared. PROFILE is a profile's file, FILE.json what
    `edgeprof search --json` or this verb with --json printed. Without any, the page is a table of the results that the
    options choose. Of a file with several profiles, --space, --models, --runtime and --precision choose one.
    """
    import edgeprof
    from edgeprof.output_files import check_output
    from edgeprof.pages.api import MODELS

    _refuse_unused(sources)
    path = output or Path("-".join(["report", *(re.sub(r"[^\w.]+", "-", Path(one).stem) for one in sources)]) + ".html")
    if not as_json:
        check_output(path, inputs=sources)
    document = edgeprof.report(_sources(sources, chosen), subject=MODELS if is_of_models else chosen["space"])
    if as_json:
        print_json(document)
        return
    edgeprof.write_report(document, path)
    messages.print(f"page: {path}")
    if opens and not webbrowser.open(path.absolute().as_uri()):
        messages.print("no browser is found here: open the page in one")


def _refuse_unused(sources: tuple[str, ...]) -> None:
    common = {"output", "opens", "as_json"}
    if not sources:
        refuse_unused(FILTERS | common, "a table of results")
    elif _is_of_profile(sources):
        refuse_unused({*common, "space", "is_of_models", "runtime", "precision"}, "a profile's page")
        if {"space", "is_of_models"} <= given_options().keys():
            raise click.UsageError("--space and --models name different profiles of the file: give one of them")
    else:
        refuse_unused(common, f"the page of {' and '.join(sources)}")


def _is_of_profile(sources: tuple[str, ...]) -> bool:
    return len(sources) == 1 and not NUMBER.fullmatch(sources[0]) and Path(sources[0]).suffix.lower() != ".json"


def _sources(sources: tuple[str, ...], chosen: dict[str, Any]) -> "Results | ProfileFile | list[int | str]":
    import edgeprof

    if not sources:
        return chosen_results(**chosen)
    if _is_of_profile(sources):
        return edgeprof.ProfileFile(sources[0], runtime=chosen["runtime"], precision=chosen["precision"])
    return [int(one) if NUMBER.fullmatch(one) else one for one in sources]
