"""Draws docs/pictures/job_states.svg from the transitions of the agent's code: states as boxes, causes on arrows.

python scripts/job_states.py            writes it
python scripts/job_states.py --check    fails where it differs

A picture, since the site opens without a network, and its theme fetches what would draw a diagram in a page.
"""

import sys
from dataclasses import dataclass
from html import escape
from math import hypot
from pathlib import Path
from textwrap import wrap
from typing import Final

from edgeprof_agent.jobs.job_states import TRANSITIONS
from edgeprof_proto.records.job import JobState

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "pictures" / "job_states.svg"

WIDTH, HEIGHT = 910, 430
BOX_WIDTH, BOX_HEIGHT, DOT_RADIUS, LINE_HEIGHT = 120, 36, 7, 15

BOXES: Final = {
    JobState.QUEUED: (160, 110),
    JobState.RUNNING: (160, 290),
    JobState.CANCELLED: (600, 110),
    JobState.FAILED: (600, 290),
    JobState.SUCCEEDED: (600, 385),
}
"""Centres of the states."""

END: Final = (780, 250)
END_CAUSE: Final = "acknowledged, and its space is needed"

HEAD = f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="states of a job">
<style>
text {{ font: 13px sans-serif; fill: #222; }}
.state {{ font-weight: bold; }}
rect, path {{ fill: none; stroke: #555; stroke-width: 1.5; }}
.dot {{ fill: #555; stroke: none; }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #ddd; }}
rect, path {{ stroke: #aaa; }}
.dot {{ fill: #aaa; }}
}}
</style>
"""


@dataclass(frozen=True)
class Arrow:
    """Where an arrow goes, and where its words stand.

    Args:
        begin: Its beginning.
        end: Its tip.
        words: Where the first line of its words stands.
        anchor: Which end of a line is there: `start`, `middle` or `end`.
        width: Letters in a line at most.
    """

    begin: tuple[int, int]
    end: tuple[int, int]
    words: tuple[int, int]
    anchor: str = "start"
    width: int = 60


ARROWS: Final = {
    (None, JobState.QUEUED): Arrow((160, 40), (160, 92), (172, 70)),
    (JobState.QUEUED, JobState.RUNNING): Arrow((135, 128), (135, 272), (125, 204), "end"),
    (JobState.RUNNING, JobState.QUEUED): Arrow((185, 272), (185, 128), (195, 188), width=24),
    (JobState.QUEUED, JobState.CANCELLED): Arrow((220, 110), (540, 110), (380, 101), "middle"),
    (JobState.RUNNING, JobState.CANCELLED): Arrow((215, 272), (550, 128), (420, 200)),
    (JobState.RUNNING, JobState.FAILED): Arrow((220, 290), (540, 290), (380, 267), "middle", width=32),
    (JobState.RUNNING, JobState.SUCCEEDED): Arrow((215, 308), (540, 385), (310, 384), "middle"),
}

ENDS: Final = {
    JobState.CANCELLED: Arrow((660, 118), (775, 238), (0, 0)),
    JobState.FAILED: Arrow((660, 285), (768, 256), (0, 0)),
    JobState.SUCCEEDED: Arrow((660, 377), (776, 262), (0, 0)),
}


def picture() -> str:
    """Return the picture as SVG."""
    parts = [HEAD, _dot(160, 33)]
    for state, (x, y) in BOXES.items():
        parts.append(
            f'<rect x="{x - BOX_WIDTH // 2}" y="{y - BOX_HEIGHT // 2}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" '
            f'rx="8"/>\n<text class="state" x="{x}" y="{y + 5}" text-anchor="middle">{state.value}</text>\n'
        )
    for transition in TRANSITIONS:
        arrow = ARROWS[transition.before, transition.after]
        parts += [_line(arrow), _words(transition.cause, arrow.words, arrow.anchor, arrow.width)]
    parts += [_line(ENDS[state]) for state in JobState if state.is_final]
    parts += [_dot(*END), f'<path d="M{END[0] - 11} {END[1]}a11 11 0 1 0 22 0a11 11 0 1 0 -22 0"/>\n']
    parts += [_words(END_CAUSE, (END[0] + 18, END[1] - 10), "start", 16), "</svg>\n"]
    return "".join(parts)


def _dot(x: int, y: int) -> str:
    return f'<circle class="dot" cx="{x}" cy="{y}" r="{DOT_RADIUS}"/>\n'


def _line(arrow: Arrow) -> str:
    (x0, y0), (x1, y1) = arrow.begin, arrow.end
    length = hypot(x1 - x0, y1 - y0)
    along, across = ((x1 - x0) / length, (y1 - y0) / length), ((y0 - y1) / length, (x1 - x0) / length)
    barbs = [(x1 - 9 * along[0] + side * across[0], y1 - 9 * along[1] + side * across[1]) for side in (4, -4)]
    tip = "".join(f"M{x:.1f} {y:.1f}L{x1} {y1}" for x, y in barbs)
    return f'<path d="M{x0} {y0}L{x1} {y1}{tip}"/>\n'


def _words(text: str, place: tuple[int, int], anchor: str, width: int) -> str:
    x, y = place
    return "".join(
        f'<text x="{x}" y="{y + number * LINE_HEIGHT}" text-anchor="{anchor}">{escape(line)}</text>\n'
        for number, line in enumerate(wrap(text, width, break_long_words=False))
    )


def main(arguments: list[str]) -> int:
    """Write the picture, or check it; returns the exit status."""
    if arguments == ["--check"]:
        if PICTURE.read_text() != picture():
            print(f"{PICTURE.name} differs from the code: run `python scripts/job_states.py`", file=sys.stderr)
            return 1
        return 0
    PICTURE.write_text(picture())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
