"""Plots inside a page: SVG that takes its colours from the page's style sheet, and names a point under the pointer."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Final
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from edgeprof.plots.style import (
    CHOSEN_COLOUR,
    FAINT_COLOUR,
    GROUND_COLOUR,
    GUIDE_COLOUR,
    INTERVAL_COLOUR,
    POINT_COLOUR,
    RING_COLOUR,
    WARNING_COLOUR,
)

VARIABLES: Final = {
    POINT_COLOUR: "var(--point)",
    INTERVAL_COLOUR: "var(--interval)",
    WARNING_COLOUR: "var(--warning)",
    CHOSEN_COLOUR: "var(--chosen)",
    GUIDE_COLOUR: "var(--guide)",
    FAINT_COLOUR: "var(--faint)",
    GROUND_COLOUR: "var(--ground)",
    RING_COLOUR: "var(--line)",
    "#000000": "var(--text)",
}
"""Colours of plots, and the variables of the style sheet that stand for them on a page."""

_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"


def embedded(figure: Figure, name: str, *, titles: Mapping[str, Sequence[str]] | None = None) -> Markup:
    """Return a figure as an SVG element.

    Args:
        figure: The figure, without a ground of its own.
        name: What it shows, for those who cannot see it; no two figures of a page have the same.
        titles: Texts of points, by the name of their group: shown where the pointer rests on one.
    """
    content = io.BytesIO()
    # Text stays text, and names of clip paths differ from figure to figure.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(content.getvalue())
    # The first names the software, the second has rules for the whole page.
    for parent, part in ((root, "metadata"), (root.find(f"{{{_SVG}}}defs"), "style")):
        found = None if parent is None else parent.find(f"{{{_SVG}}}{part}")
        if parent is not None and found is not None:
            parent.remove(found)
    for group, texts in (titles or {}).items():
        _add_titles(root, group, texts)
    _forget_ids(root)
    for element in root.iter():
        if style := element.get("style"):
            element.set("style", re.sub("#[0-9a-f]{6}", lambda found: VARIABLES.get(found[0], found[0]), style))
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.set("role", "img")
    root.set("aria-label", name)
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _add_titles(root: ElementTree.Element, group: str, texts: Sequence[str]) -> None:
    points = root.findall(f".//{{{_SVG}}}g[@id='{group}']//{{{_SVG}}}use")
    for point, text in zip(points, texts, strict=True):
        ElementTree.SubElement(point, f"{{{_SVG}}}title").text = text


def _forget_ids(root: ElementTree.Element) -> None:
    """Remove ids that nothing in the figure refers to: each figure of a page has the same ones."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    used = {name for value in values for name in re.findall(r"url\(#([^)]+)\)", value)}
    used |= {element.get(_LINK, "").removeprefix("#") for element in root.iter()}
    for element in root.iter():
        if element.get("id", "") not in used:
            element.attrib.pop("id", None)
