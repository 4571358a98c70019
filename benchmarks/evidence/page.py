"""The page: figures of the ten splits, what is asked of them, ablation, and the prose beside this module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.evidence.constants import PRESENT, values
from benchmarks.evidence.contenders import ABLATIONS, DEFAULT
from benchmarks.evidence.runs import ABLATION_COUNTS, ALL_DATA, COUNTS, FLOPS, NO_SOURCE, sources_of
from benchmarks.evidence.splits import DEFAULT_SPLITS, SOURCE_COUNTS, SPLITS
from benchmarks.evidence.summary import NOTHING, Results
from benchmarks.published_data import TASKS

from edgeprof_predictor.runs.journal import Row

FOLDER: Final = Path(__file__).parent
PROSE: Final = {name: FOLDER / f"{name}.md" for name in ("head", "findings", "ablation", "constants", "claims")}
"""Text of the page."""

PRINTED: Final = {
    "nasbench201-default": "paper .94 with 10, HELP .93 with 20",
    "nasbench201-adversarial": "paper .78, HELP .36 with 20, over three platforms",
    "fbnet-default": "paper .96 with 10, HELP .91 with 20",
    "fbnet-adversarial": "paper .45, HELP .37, NASFLAT .577 with 20",
}
"""Spearman that others print; the paper's is its best row (Tables 1 to 3)."""

ASKED: Final = (
    ("with sources", DEFAULT, "nasbench201-default", {3: 0.95}),
    ("with sources", DEFAULT, "fbnet-default", {3: 0.97}),
    ("with sources", DEFAULT, "fbnet-adversarial", {3: 0.78}),
    ("no source", NO_SOURCE, "nasbench201-default", {3: 0.91, 5: 0.94, 10: 0.95, 20: 0.96}),
    ("no source", NO_SOURCE, "fbnet-default", {3: 0.96, 5: 0.965, 10: 0.98, 20: 0.99}),
)
"""Spearman asked of methods on splits, by samples."""

ONE_SOURCE_COUNT: Final = 10
ONE_SOURCE_SHARE: Final = 0.9
NEGLIGIBLE: Final = 0.005
"""Difference of rank correlations that the draw of samples makes as well."""


def page(rows: Sequence[Row], *, code: str) -> str:
    """Return the page as Markdown; `code` says which code made it."""
    results = Results(rows)
    sections = [
        prose("head"),
        code,
        prose("findings"),
        *_splits(results),
        *_asked(results),
        *_ablation(results),
        prose("constants"),
        *_constants(results),
        prose("claims"),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def prose(name: str) -> str:
    """Return a text of the page."""
    return PROSE[name].read_text(encoding="utf-8").strip()


def _splits(results: Results) -> list[str]:
    counts = [f"{count}" for count in COUNTS]
    with_samples = COUNTS[1:]
    ranks = [
        [split, str(results.spread(split, FLOPS, 0).text("{:.3f}").split(" ")[0])]
        + [str(results.spread(split, DEFAULT, count)) for count in COUNTS]
        + [str(results.spread(split, ALL_DATA, None)), PRINTED.get(split, "")]
        + [f"{results.spread(split, DEFAULT, COUNTS[-1]).seed_count}"]
        for split in SPLITS
    ]
    errors = [
        [split, results.spread(split, FLOPS, 10, "median_ape").text("{:.1%}")]
        + [results.spread(split, DEFAULT, count, "median_ape").text("{:.1%}") for count in with_samples]
        + [results.spread(split, ALL_DATA, None, "median_ape").text("{:.1%}")]
        for split in SPLITS
    ]
    return [
        "## Ten splits: rank correlation",
        "Spearman with 0 to 20 samples of the new platform; FLOPs are the floor, all data the ceiling.",
        table(["split", "FLOPs", *counts, "all data", "printed elsewhere", "seeds"], ranks),
        _own_splits(),
        "## Ten splits: error",
        "Median error of the predicted milliseconds; FLOPs are a line through 10 random samples.",
        table(["split", "FLOPs, 10", *(f"{count}" for count in with_samples), "all data"], errors),
        "## Ten splits: intervals and expected errors",
        "Share of the latencies in their 90 % interval, in brackets that of the platform with the lowest; then the "
        "share of cases (platforms and seeds) whose median error lay in the range that was stated for it (80 % are "
        "meant to), in brackets below the upper end of that range (90 %).",
        table(
            [
                "split",
                *(f"intervals, {count}" for count in with_samples),
                *(f"range, {count}" for count in with_samples),
            ],
            [_calibration(results, split) for split in SPLITS],
        ),
    ]


def _calibration(results: Results, split: str) -> list[str]:
    cells = [split]
    for count in COUNTS[1:]:
        mean = results.spread(split, DEFAULT, count, "interval_coverage").mean
        cells.append(f"{mean:.0%} ({results.lowest(split, DEFAULT, count, 'interval_coverage'):.0%})")
    for count in COUNTS[1:]:
        inside, below = results.held(split, DEFAULT, count)
        cells.append(f"{inside:.0%} ({below:.0%})")
    return cells


def _own_splits() -> str:
    gpus = {space: [name for name in SPLITS[f"{space}-GPUs"].test.split()] for space in SOURCE_COUNTS}
    shown = "; ".join(f"{', '.join(names)} ({space})" for space, names in gpus.items())
    return (
        "The last six splits are drawn here: all GPUs, all CPUs or all phones are new, and the other platforms are the "
        f"sources, known on {_counts()} architectures each. Of GPUs one card a batch size takes part, since many cards "
        f"of one batch size are twins: {shown}."
    )


def _counts() -> str:
    return " and ".join(f"{count} ({space})" for space, count in SOURCE_COUNTS.items())


def _asked(results: Results) -> list[str]:
    rows = []
    for what, method, split, asked in ASKED:
        for count, least in asked.items():
            found = results.spread(split, method, count)
            met = verdict(round(found.mean, 3) >= least) if found.seed_count else "not computed"
            rows.append([what, split, f"{count}", str(found), f"{least:g}", met])
    floor = results.spread("fbnet-default", FLOPS, 0).mean
    lowest = min(results.spread("fbnet-default", NO_SOURCE, count).mean for count in COUNTS)
    rows.append(["no source", "fbnet-default", "any", f"{lowest:.3f}", f"FLOPs, {floor:.3f}", verdict(lowest >= floor)])
    return [
        "## What is asked",
        table(["sources", "split", "samples", "Spearman", "asked", ""], rows),
        *_no_source(results),
        _one_source(results),
    ]


def _no_source(results: Results) -> Iterable[str]:
    """Yield the method without sources on all published splits."""
    rows = [[split, *(str(results.spread(split, NO_SOURCE, count)) for count in COUNTS)] for split in TASKS]
    yield "With no source at all, on all published splits:"
    yield table(["split", *(f"{count}" for count in COUNTS)], rows)


def _one_source(results: Results) -> str:
    cases = results.one_source(DEFAULT_SPLITS, ONE_SOURCE_COUNT)
    if not cases:
        return "One source only: not computed."
    losses = [max(own, none) - found for found, own, none in cases]
    share = sum(loss <= 0 for loss in losses) / len(cases)
    nearly = sum(loss <= NEGLIGIBLE for loss in losses) / len(cases)
    means = [f"{sum(case) / len(cases):.3f}" for case in zip(*cases, strict=True)]
    return (
        f"**One source only**, drawn from the sources of the two default splits, {ONE_SOURCE_COUNT} samples, "
        f"{len(cases)} cases (new platforms and seeds). In {share:.0%} the rank correlation was at least the better of "
        f"that source's own ranking and of no source (asked: {ONE_SOURCE_SHARE:.0%}, "
        f"{verdict(share >= ONE_SOURCE_SHARE)}); in {nearly:.0%} at most {NEGLIGIBLE} below it; the largest loss was "
        f"{max(losses):.3f}. Means: {means[0]} with one source, {means[1]} by the source itself, {means[2]} with none."
    )


def _ablation(results: Results) -> list[str]:
    columns = [(split, count) for split in TASKS for count in ABLATION_COUNTS]
    head = ["part", *(f"{split}, {count}" for split, count in columns)]
    ranks = [[name, *(_change(results, *column, name) for column in columns)] for name in ABLATIONS]
    errors = [
        [name, *(results.change(split, name, count, "median_ape").text("{:+.2%}") for split, count in columns)]
        for name in ABLATIONS
    ]
    return [
        prose("ablation"),
        "\n".join(f"- *{name}*: {text}" for name, text in ABLATIONS.items()),
        "Spearman less that of the default, with 3 and 10 samples: below 0, the part helps.",
        table(head, ranks),
        "Median error less that of the default, in percentage points: above 0, the part helps.",
        table(head, errors),
    ]


def _change(results: Results, split: str, count: int, name: str) -> str:
    return results.change(split, name, count, "spearman").text("{:+.3f}")


def _constants(results: Results) -> list[str]:
    """Return what other values of constants change on sources alone."""
    columns = [(split, count) for split in DEFAULT_SPLITS for count in ABLATION_COUNTS]
    tried = [name for name, _, _ in values() if name != PRESENT]
    head = ["value", *(f"{split}, {count}" for split, count in columns)]
    return [
        f"Tried on sources alone (those of the default splits, known on {_counts()} architectures, one seed): each "
        "family of sources in turn is the new platform, the model without the network predicts it from 3 and from 10 "
        "samples. Spearman less that of the present value, mean over families; in brackets on how many families it is "
        "better, and the median error less that of the present value.",
        table(head, [[f"`{name}`", *(_tried(results, *column, name) for column in columns)] for name in tried]),
    ]


def _tried(results: Results, split: str, count: int, name: str) -> str:
    ranks, errors = (
        [results.by_family(sources_of(split), one, count, figure) for one in (name, PRESENT)]
        for figure in ("spearman", "median_ape")
    )
    if not ranks[0] or not ranks[1]:
        return NOTHING
    gains = [ranks[0][family] - present for family, present in ranks[1].items()]
    error = sum(errors[0].values()) / len(errors[0]) - sum(errors[1].values()) / len(errors[1])
    return f"{sum(gains) / len(gains):+.3f} ({sum(gain > 0 for gain in gains)} of {len(gains)}, {error:+.2%})"


def verdict(is_met: bool) -> str:
    """Return whether a figure is met, in words."""
    return "met" if is_met else "**falls short**"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"{'| --- ' * len(head)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
