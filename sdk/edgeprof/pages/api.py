"""The public calls `report` and `write_report`: what a page shows, and the page."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edgeprof.arguments import as_list
from edgeprof.errors import InvalidArgumentError
from edgeprof.output_files import write_file
from edgeprof.reporting import Results, result
from edgeprof.store import Store, opened
from edgeprof_predictor.profile_file import ProfileFile
from edgeprof_proto.version import VERSION

Source = int | str | os.PathLike[str] | ProfileFile
"""The number of a result of the store, or a file."""

MODELS = "models"
"""Names the profile of models in a file."""

COMPARED_COUNT = 2


def report(
    sources: Sequence[Source] | Source | Results,
    *,
    subject: str = "",
    store: Store | str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Return what a page shows: of a measurement, a comparison of two, a table of results, or a profile.

    Args:
        sources: The number of a result, those of two that are compared, results that `edgeprof.results` has found, the
            file of a profile, or one with what `edgeprof search --json` or `edgeprof report --json` printed.
        subject: Search space of the profile, or "models"; empty for the first in the file.
        store: Where results are, or its file; None for the user's own.

    Returns:
        The document in values of JSON, of which `edgeprof.write_report` makes the page.

    Raises:
        InvalidArgumentError: If there is no such result, or nothing can be made of the sources.
        ProfileError: If a profile is damaged, or does not predict the subject.
        StoreError: If the store cannot be read.
    """
    with opened(store) as store:
        if isinstance(sources, Results):
            document = _of_results(sources)
        else:
            listed = as_list(sources, (int, str, os.PathLike, ProfileFile))
            numbers = [one for one in listed if isinstance(one, int)]
            if len(numbers) == len(listed):
                document = _of_numbers(numbers, store)
            elif len(listed) == 1:
                document = _of_file(listed[0], subject, store)
            else:
                raise InvalidArgumentError("a page is of one file, of a result by its number, or of two results")
    return stamped(document)


def stamped(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with the version that made it and the time, unless it has them from before.

    Args:
        document: What a page shows.
    """
    return {"edgeprof_version": VERSION, "made_time": datetime.now(timezone.utc).isoformat(), **document}


def write_report(document: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write a page: one HTML file that needs no other.

    Args:
        document: What it shows, as `report` returns it.
        path: The file.

    Returns:
        The path.

    Raises:
        InvalidArgumentError: If it is no document of a page.
        OutputFileError: If the file cannot be written.
    """
    from edgeprof.pages.page import page

    write_file(path, page(document).encode())
    return Path(path)


def _of_results(found: Results) -> dict[str, Any]:
    from edgeprof.pages.results_table import results_document

    if not found:
        raise InvalidArgumentError("there is no such result to show: the store holds none that is wanted")
    return results_document(found, title=f"{len(found)} result{'s' if len(found) != 1 else ''}")


def _of_numbers(numbers: Sequence[int], store: Store) -> dict[str, Any]:
    if not 1 <= len(numbers) <= COMPARED_COUNT:
        raise InvalidArgumentError(f"a page is of one result, or compares two, got {len(numbers)}")
    found = [result(number, store=store) for number in numbers]
    if len(found) == COMPARED_COUNT:
        from edgeprof.pages.comparison import comparison_document

        return comparison_document(*found)
    from edgeprof.pages.measurement import measurement_document

    return measurement_document(*found[0])


def _of_file(source: Source, subject: str, store: Store) -> dict[str, Any]:
    if not isinstance(source, ProfileFile):
        path = Path(str(source))
        if path.suffix.lower() == ".json":
            from edgeprof.pages.saved import saved_document

            return saved_document(path)
        source = ProfileFile(path)
    subject = subject or source.contents[0].subject or MODELS
    if subject == MODELS:
        from edgeprof.pages.models import models_document

        return models_document(source.operator_profile())
    from edgeprof.pages.onboarding import onboarding_document

    return onboarding_document(source.profile(subject), store)
