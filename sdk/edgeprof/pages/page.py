"""Makes a page: one HTML file, of a document and nothing else."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from edgeprof.errors import InvalidArgumentError
from edgeprof.pages.figures import FIGURES, MAX_DRAWN_NETWORKS
from edgeprof.pages.models import MAX_OPERATOR_COUNT
from edgeprof.pages.units import FILTERS


def page(document: Mapping[str, Any], *, is_served: bool = False) -> str:
    """Return a document as a page that needs no other file.

    Args:
        document: What is shown, in values of JSON.
        is_served: Whether it is one of the pages of a dashboard, and leads to the others.

    Raises:
        InvalidArgumentError: If it is no document of a page, or lacks something.
    """
    kind = str(document.get("kind"))
    if kind not in FIGURES:
        raise InvalidArgumentError(f"{kind!r} is no kind of page: there are {', '.join(FIGURES)}")
    try:
        template = _environment().get_template(f"{kind}.html")
        return template.render(document=document, figures=FIGURES[kind](document), is_served=is_served)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, TemplateError) as error:
        # Whatever a file holds that somebody has written or cut by hand.
        raise InvalidArgumentError(f"the document of this {kind} is not what its page shows: {error}") from error


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("edgeprof.pages"),
        # Names come from users and devices.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    folder = resources.files("edgeprof.pages") / "templates"
    script = "\n".join((folder / name).read_text() for name in ("table.js", "live.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals.update(
        style=Markup((folder / "style.css").read_text()),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
        max_drawn_networks=MAX_DRAWN_NETWORKS,
        max_operator_count=MAX_OPERATOR_COUNT,
    )
    return environment
