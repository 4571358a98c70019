"""Options of the benchmarks that write a page: all of them keep finished units, and go on where they were cut off."""

import argparse
from pathlib import Path


def page_parser(description: str | None, *, seeds: int, results: Path | None = None) -> argparse.ArgumentParser:
    """Return a parser of `--results`, `--output`, `--seeds` and `--jobs`.

    Args:
        description: Docstring of the benchmark; shown as it stands.
        seeds: Repetitions unless the user says otherwise.
        results: Folder of finished units unless the user says otherwise; None where he must name one.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--results",
        type=Path,
        default=results,
        required=results is None,
        metavar="FOLDER",
        help="for the rows of finished units",
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="for page and pictures (default: --results)")
    parser.add_argument(
        "--seeds", type=int, default=seeds, help="repetitions; slow methods may have fewer (default: %(default)s)"
    )
    parser.add_argument("--jobs", type=int, help="units at the same time (default: one a core)")
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the arguments of the command line; the folder of results is made, and `output` is it unless named."""
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    arguments.output = arguments.output or arguments.results
    return arguments
