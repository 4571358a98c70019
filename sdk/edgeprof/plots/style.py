"""The style of all plots: colours with a meaning, the same in files and on pages.

A page shows plots on a light or a dark ground: it replaces these colours by variables of its style sheet, so a plot
uses no other where it draws lines, points or text.
"""

from typing import Any, Final

POINT_COLOUR: Final = "#1f4e79"
"""What was measured or predicted."""

INTERVAL_COLOUR: Final = "#9bb8d3"
"""The interval around it."""

WARNING_COLOUR: Final = "#c0392b"
"""Limits, and what lies outside."""

CHOSEN_COLOUR: Final = "#d98c00"
"""The one among many: what was chosen, the new platform, the second of two."""

GUIDE_COLOUR: Final = "#999999"
"""Lines to compare with."""

FAINT_COLOUR: Final = "#b8b8b8"
"""What matters less: warm-up, dominated networks."""

RING_COLOUR: Final = "#d9d9d9"
"""Circles around the place of a platform, and what else lies behind."""

GROUND_COLOUR: Final = "#ffffff"
"""What lies behind, as the edge of a point on others."""

POINTS: Final = "points"
"""Name of the points in an SVG: one for each thing that is drawn, in the order given."""

STYLE: Final[dict[Any, Any]] = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
"""Settings of matplotlib for a plot with axes."""
