"""Write the results of all runs: one page and its plots."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from benchmarks.code_version import code_beside
from benchmarks.transfer.pictures import draw_all
from benchmarks.transfer.published import DIRECTIONS, common_platforms

from edgeprof_predictor.metrics import sample_deviation

ASKED: Final = {
    ("fbnet", "target"): (0.94, 0.955, 0.960, 0.965),
    ("fbnet", "family"): (0.89, 0.915, 0.94, 0.95),
    ("nasbench201", "target"): (0.89, 0.92, 0.93, 0.935),
    ("nasbench201", "family"): (0.70, 0.78, 0.84, 0.86),
}
"""Targets of the default at 4, 8, 16 and 32 samples, by source space."""

COUNTS: Final = (2, 4, 8, 16, 32)
SPACES: Final = {"fbnet": "FBNet", "nasbench201": "NAS-Bench-201"}
HARM: Final = 0.02

Row = dict[str, Any]


def write(results: Path, output: Path) -> None:
    """Write `transfer.md` and pictures from the JSON files in a folder."""
    computed = _read(results / "published.json")
    published = _complete_seeds(computed)
    unfinished = _unfinished(computed, published)
    here = _read(results / "here.json")
    sections = [PREFACE]
    if not here:
        sections.append(_WITHOUT_MACHINE)
    if published:
        sections += [code_beside(results / "published.json")]
        sections += [_tables(published), _some_platforms(unfinished, published), _better(published), _harm(published)]
        sections.append(draw_all(published, unfinished, output / "pictures"))
    if here:
        sections += [_here(here), code_beside(results / "here.json")]
    output.mkdir(parents=True, exist_ok=True)
    (output / "transfer.md").write_text("\n".join(sections), encoding="utf-8")


_WITHOUT_MACHINE: Final = """**Not finished:** the transfer on platforms of this machine (`here`) is not computed.
"""

PREFACE: Final = """# Transfer of latency predictors between search spaces

A platform is known on one search space and is to be predicted on another, where only reference platforms were measured:
the other platforms of both published tables. Score: Spearman's rank correlation, ties averaged, on 2,000 random
architectures of the target space. Samples are chosen from 400 others, the pool. Known are: latencies of the platform on
15 % of the source space, those of the reference platforms on the pool (used to centre the columns), and those of the
platform on the samples. "Chosen" samples lower the default's prior variance most, and are chosen without any latency of
the target space; `left out: family` means that no GPU is a reference of a GPU, no phone of a phone, no CPU of a CPU,
and that raspi4, fpga and eyeriss are left out together.

`default` averages over hyper-parameter samples: a mean (the source's weights on the references, equal ones, half of
each, or none: from scratch), amplitudes of linear kernels over latencies on reference platforms, decisions, option
counts and costs, and noise. Their weights come from the reference platforms, each treated as new with and without its
family, and then from the samples. The grid of amplitudes was chosen by hand on these same tables, one for all
directions and platforms: expect about .01 less on other data. `equal`: the mean of the references' log latencies.
`ridge-...`: weights on them, regularised towards equal ones, the source's, half of each, or none (`scratch`).
`mlp-hwl`: the paper's network on log latencies of reference platforms, centred in each space, transferred;
`scratch-...`: the same network trained on the samples alone.

`python -m benchmarks.transfer published --results FOLDER --output docs`
"""


def _tables(rows: Sequence[Row]) -> str:
    lines = ["## Mean over all common platforms", ""]
    for source, target in DIRECTIONS:
        for left_out in ("target", "family"):
            lines += [f"### {SPACES[source]} to {SPACES[target]}, left out: {left_out}", ""]
            lines += _line(["method", "samples", *(f"k={count}" for count in COUNTS), "seeds"])
            lines += _line(["---"] * (len(COUNTS) + 3))
            asked = dict(zip((4, 8, 16, 32), ASKED[source, left_out], strict=True))
            lines += _line(
                ["asked", "chosen", *(f"{asked[count]:.3f}" if count in asked else "" for count in COUNTS), ""]
            )
            of_case = [row for row in rows if (row["source"], row["left_out"]) == (source, left_out)]
            for method, samples in sorted({(row["method"], row["samples"]) for row in of_case}):
                cells = [_cell(of_case, method, samples, count) for count in COUNTS]
                seeds = {row["seed"] for row in of_case if (row["method"], row["samples"]) == (method, samples)}
                lines += _line([method, samples, *cells, f"{len(seeds)}"])
            coverage = [
                f"{100 * np.mean([row['coverage'] for row in _of(of_case, 'default', 'chosen', count)]):.0f} %"
                for count in COUNTS
            ]
            errors = [
                f"{100 * np.mean([row['median_ape'] for row in _of(of_case, 'default', 'chosen', count)]):.1f} %"
                for count in COUNTS
            ]
            lines += [
                "",
                f"Of `default`: its 90 % intervals hold {', '.join(coverage)} of the latencies at k = 2 to 32; ",
            ]
            lines[-1] += f"median error in milliseconds {', '.join(errors)}."
            lines += [""]
    lines.append("± is the sample standard deviation of that mean over seeds.\n")
    return "\n".join(lines)


def _some_platforms(unfinished: Sequence[Row], rows: Sequence[Row]) -> str:
    """Return methods that are not computed for all platforms, beside the default on the same ones."""
    if not unfinished:
        return ""
    lines = [
        "## Not computed for all platforms",
        "",
        "Means over the computed platforms, with only the target left out; then `default` on the same platforms and "
        "seeds. The tables above and the means of Figure 7 do not include them.",
        "",
    ]
    lines += _line(["direction", "method", "platforms", *(f"k={count}" for count in COUNTS)])
    lines += _line(["---"] * (len(COUNTS) + 3))
    for source, method in sorted({(row["source"], row["method"]) for row in unfinished}):
        theirs = [row for row in unfinished if (row["source"], row["method"]) == (source, method)]
        cases = {(row["source"], row["left_out"], row["platform"], row["seed"]) for row in theirs}
        ours = [row for row in rows if (row["source"], row["left_out"], row["platform"], row["seed"]) in cases]
        platforms = len({row["platform"] for row in theirs})
        cells = [
            f"{_cell(theirs, method, 'random', count)}; {_cell(ours, 'default', 'chosen', count)}" for count in COUNTS
        ]
        lines += _line([f"from {SPACES[source]}", method, f"{platforms} of {len(common_platforms())}", *cells])
    return "\n".join([*lines, ""])


def _better(rows: Sequence[Row]) -> str:
    """Return where another method ranks better than the default, on the seeds that both have."""
    lines = [
        "## Where another method is better than `default`",
        "",
        "Difference of the means above, over the seeds that both methods have; `default` has chosen samples.",
        "",
    ]
    lines += _line(["direction", "left out", "k", "better than `default`"])
    lines += _line(["---"] * 4)
    for source, target in DIRECTIONS:
        for left_out in ("target", "family"):
            case = [row for row in rows if (row["source"], row["left_out"]) == (source, left_out)]
            others = sorted({(row["method"], row["samples"]) for row in case if row["method"] != "default"})
            for count in COUNTS:
                named = []
                for method, samples in others:
                    theirs = _of(case, method, samples, count)
                    seeds = {row["seed"] for row in theirs}
                    ours = [row for row in _of(case, "default", "chosen", count) if row["seed"] in seeds]
                    gain = float(np.mean([row["spearman"] for row in theirs]))
                    gain -= float(np.mean([row["spearman"] for row in ours]))
                    if gain > 0.0:
                        named.append(f"{method} ({samples}) by {gain:.3f}")
                where = f"{SPACES[source]} to {SPACES[target]}"
                lines += _line([where, left_out, f"{count}", ", ".join(named) or "none"])
    return "\n".join([*lines, ""])


def _harm(rows: Sequence[Row]) -> str:
    """Return the platforms on which transfer is worse than the better of no source and no sample."""
    lines = [
        "## Where transfer is worse than no transfer",
        "",
        f"`default` against the better of ridge from scratch with the same samples and equal weights, by platform, "
        f"means over seeds; platforms more than {HARM} below are named.",
        "",
    ]
    lines += _line(
        ["direction", "left out", "k", "worst difference", "platforms below", "eyeriss: default / scratch / equal"]
    )
    lines += _line(["---"] * 6)
    for source, target in DIRECTIONS:
        for left_out in ("target", "family"):
            for count in COUNTS[1:]:
                case = [row for row in rows if (row["source"], row["left_out"]) == (source, left_out)]
                ours, scratch, equal = (
                    _by_platform(case, method, count) for method in ("default", "ridge-scratch", "equal")
                )
                difference = {name: ours[name] - max(scratch[name], equal[name]) for name in ours}
                worst = min(difference, key=lambda name: difference[name])
                harmed = [f"{name} {value:+.3f}" for name, value in difference.items() if value < -HARM]
                eyeriss = " / ".join(f"{found['eyeriss']:.3f}" for found in (ours, scratch, equal))
                lines += _line(
                    [
                        f"{SPACES[source]} to {SPACES[target]}",
                        left_out,
                        f"{count}",
                        f"{difference[worst]:+.3f} ({worst})",
                        ", ".join(harmed) or "none",
                        eyeriss,
                    ]
                )
    return "\n".join([*lines, ""])


def _here(rows: Sequence[Row]) -> str:
    networks = {row["target"]: row["networks"] for row in rows}
    settings = dict.fromkeys(row["platform"] for row in rows)
    lines = [
        "## On this machine",
        "",
        "`python -m benchmarks.transfer here FBNET.jsonl NASBENCH201.jsonl --results FOLDER --output docs`",
        "",
        f"{len(settings)} settings of ONNX Runtime on a 2-core x86-64 machine with other load "
        f"({'; '.join(settings)}): "
        + ", ".join(f"{count} networks of {SPACES[space]}" for space, count in networks.items())
        + ", the fastest of several measurements each. Each setting in turn is new on the target space; the others are "
        "its references (`left out: threads`: without the setting that differs only in threads). Half of the networks "
        "are the pool, the other half is scored and no method sees its latencies. Brackets: 90 % intervals over "
        "resampled networks, ends averaged over seeds and settings.",
        "",
    ]
    lines += _line(["direction", "left out", "method", "k", "Spearman", "median error", "coverage"])
    lines += _line(["---"] * 7)
    seen = dict.fromkeys((row["source"], row["left_out"], row["method"], row["sample_count"]) for row in rows)
    for source, left_out, method, count in seen:
        found = [
            row
            for row in rows
            if (row["source"], row["left_out"], row["method"], row["sample_count"]) == (source, left_out, method, count)
        ]
        spearman = _with_interval(found, "spearman", "{:.3f}")
        error = _with_interval(found, "median_ape", "{:.1%}") if count else ""
        coverage = f"{np.mean([row['coverage'] for row in found]):.0%}" if count and method == "default" else ""
        lines += _line([f"from {SPACES[source]}", left_out, method, f"{count}", spearman, error, coverage])
    return "\n".join([*lines, ""])


def _with_interval(rows: Sequence[Row], score: str, form: str) -> str:
    mean = np.mean([row[score] for row in rows])
    lower, upper = np.mean([row[f"{score}_interval"] for row in rows], axis=0)
    return f"{form.format(mean)} [{form.format(lower)}, {form.format(upper)}]"


def _of(rows: Iterable[Row], method: str, samples: str, count: int) -> list[Row]:
    wanted = (method, samples, count)
    return [row for row in rows if (row["method"], row["samples"], row["sample_count"]) == wanted]


def _cell(rows: Iterable[Row], method: str, samples: str, count: int) -> str:
    found = _of(rows, method, samples, count)
    by_seed = [
        float(np.mean([row["spearman"] for row in found if row["seed"] == seed]))
        for seed in sorted({row["seed"] for row in found})
    ]
    spread = f" ± {sample_deviation(by_seed):.3f}" if len(by_seed) > 1 else ""
    return f"{np.mean(by_seed):.3f}{spread}" if by_seed else ""


def _by_platform(rows: Iterable[Row], method: str, count: int) -> dict[str, float]:
    found = _of(rows, method, "chosen", count)
    return {
        name: float(np.mean([row["spearman"] for row in found if row["platform"] == name]))
        for name in common_platforms()
    }


def _line(cells: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(cells)} |"]


def _complete_seeds(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of seeds that are computed for all platforms; other means are not comparable."""
    keys = ("source", "left_out", "method", "samples", "seed")
    platforms: dict[tuple[Any, ...], set[str]] = {}
    for row in rows:
        platforms.setdefault(tuple(row[key] for key in keys), set()).add(row["platform"])
    return [row for row in rows if len(platforms[tuple(row[key] for key in keys)]) == len(common_platforms())]


def _unfinished(computed: Sequence[Row], complete: Sequence[Row]) -> list[Row]:
    """Return the rows of methods that no seed has finished."""
    keys = ("source", "left_out", "method", "samples")
    finished = {tuple(row[key] for key in keys) for row in complete}
    return [row for row in computed if tuple(row[key] for key in keys) not in finished]


def _read(path: Path) -> list[Row]:
    """Return the rows of a finished run, or those in the journal of an unfinished one."""
    if path.exists():
        found: list[Row] = json.loads(path.read_text(encoding="utf-8"))
        return found
    journal = path.with_name(f"{path.name}.journal")
    lines = journal.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()[1:] if journal.exists() else []
    return [row for line in lines for row in json.loads(line)["rows"]]
