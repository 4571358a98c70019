"""The figures of each kind of page, drawn from its document and nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from markupsafe import Markup

from edgeprof.measuring.verification import Verification, VerifiedArchitecture
from edgeprof.pages.embedded_figures import embedded
from edgeprof.pages.units import ms, ms_interval
from edgeprof.plots.error_plot import error_figure
from edgeprof.plots.platform_map import platform_figure
from edgeprof.plots.runs_plot import conditions_figure, distributions_figure, runs_figure
from edgeprof.plots.search_plot import front_figure
from edgeprof.plots.shares_plot import shares_figure, stacked_figure
from edgeprof.plots.style import POINTS
from edgeprof.plots.verification_plot import verification_figure
from edgeprof_predictor.search.result import Found, SearchResult

MAX_DRAWN_NETWORKS: Final = 25
"""Networks whose classes of operators are drawn at most; the table has all."""

Document = Mapping[str, Any]

Figures = dict[str, Markup]
"""SVG elements by the names that templates have for them."""


def _of_measurement(document: Document) -> Figures:
    latency, distribution, runs = document["latency"], document["distribution"], document["runs"]
    timed, warmup = ((runs[kind]["time_s"], runs[kind]["latency_ms"]) for kind in ("timed", "warmup"))
    figure = runs_figure(
        timed,
        warmup,
        (distribution["edges_ms"], distribution["shares"]),
        median_ms=latency["median_ms"],
        interval_ms=None if latency["lower_ms"] is None else (latency["lower_ms"], latency["upper_ms"]),
    )
    found = {"runs": embedded(figure, "latency of each run over time, and its distribution")}
    temperatures, frequencies = (
        _over_time(document["conditions"], name) for name in ("temperature_celsius", "frequency_mhz")
    )
    if max(len(temperatures[0]), len(frequencies[0])) > 1:
        found["conditions"] = embedded(
            conditions_figure(temperatures, frequencies), "temperature and frequency over time"
        )
    return found


def _over_time(readings: Sequence[Document], name: str) -> tuple[list[float], list[float]]:
    shown = [item for item in readings if item["elapsed_s"] is not None and item[name] is not None]
    return [item["elapsed_s"] for item in shown], [item[name] for item in shown]


def _of_comparison(document: Document) -> Figures:
    shares = [document[side]["distribution"]["shares"] for side in ("first", "second")]
    figure = distributions_figure(document["first"]["distribution"]["edges_ms"], *shares)
    return {"distributions": embedded(figure, "distributions of the runs of both")}


def _of_onboarding(document: Document) -> Figures:
    found = {}
    if history := document["history"]:
        found["error"] = _expected_error(history, "expected error by the number of samples")
    if sources := document["sources"]:
        names, shares = [item["platform"] for item in sources], [item["share"] for item in sources]
        figure = shares_figure(names, shares, xlabel="share of what all sources contribute")
        found["sources"] = embedded(figure, "what each source contributes")
    if similar := document["similar"]:
        from edgeprof_predictor.explanations.similarity import Similarity  # imports torch

        titles = [f"{item['platform']}: correlation {item['correlation']:.3f}" for item in similar]
        places = [Similarity(**{**item, "position": tuple(item["position"])}) for item in similar]
        found["map"] = embedded(platform_figure(places), "map of platforms", titles={POINTS: titles})
    if verification := document["verification"]:
        found["verification"] = _verification(verification)
    return found


def _of_sessions(document: Document) -> Figures:
    return {
        session["session_id"]: _expected_error(session["history"], f"expected error of {session['platform']}")
        for session in document["sessions"]
        if len(session["history"]) > 1
    }


def _expected_error(history: Sequence[Document], name: str) -> Markup:
    errors = [tuple(item["expected"][part] for part in ("error", "lower", "upper")) for item in history]
    return embedded(error_figure([item["sample_count"] for item in history], errors), name)


def _verification(document: Document) -> Markup:
    rows = document["architectures"]
    verification = Verification(
        platform=document["platform"],
        sample_count=document["sample_count"],
        architectures=tuple(VerifiedArchitecture(**{**row, "memory": None}) for row in rows),
    )
    titles = [
        f"{row['architecture']}: predicted {ms(row['predicted_ms'])} ({ms_interval(row)}), measured "
        f"{ms(row['measured_ms'])}"
        for row in rows
    ]
    figure = verification_figure(verification)
    return embedded(figure, "predicted against measured latency", titles={POINTS: titles})


def _of_models(document: Document) -> Figures:
    networks = document["networks"][:MAX_DRAWN_NETWORKS]
    classes = document["classes"]
    if not classes:
        return {}
    figure = stacked_figure(
        [network["name"] for network in networks],
        {name: [network["class_ms"][name] / network["latency_ms"] for network in networks] for name in classes},
        xlabel="share of the network's latency",
    )
    return {"classes": embedded(figure, "time of each network by class of operator")}


def _of_search(document: Document) -> Figures:
    result = SearchResult(
        **{
            **{field.name: document[field.name] for field in fields(SearchResult)},
            "chosen": Found(**document["chosen"]),
            "front": tuple(Found(**one) for one in document["front"]),
            "trained": tuple(Found(**one) for one in document["trained"]),
        }
    )
    if not any(found.latency_ms is not None for found in result.trained):
        return {}
    return {"front": embedded(front_figure(result), "accuracy over latency of the trained networks")}


def _none(_: Document) -> Figures:
    return {}


FIGURES: Final[Mapping[str, Callable[[Document], Figures]]] = {
    "comparison": _of_comparison,
    "measurement": _of_measurement,
    "live": _of_sessions,
    "message": _none,
    "models": _of_models,
    "onboarding": _of_onboarding,
    "overview": _of_sessions,
    "results": _none,
    "search": _of_search,
}
"""By the kind of a page: what draws its figures."""
