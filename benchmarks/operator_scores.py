"""What the operators of a device bring to the onboarding of a search space: figures from the store, without measuring.

The operator model is fitted anew to the stored probes, so that the figures are those of the code as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from operator_prior import RANDOM, SEEDS, SETTINGS, WITH, WITHOUT, Place, default_method

from edgeprof.exporters.choice import choose_exporter
from edgeprof.measuring.anchor import latency_estimates
from edgeprof.measuring.latency_estimate import LatencyEstimate
from edgeprof.onboarding.found_prior import operator_prior
from edgeprof.onboarding.operator_prior import OperatorPrior
from edgeprof.operator_models.measured import measured_networks
from edgeprof.store import Store
from edgeprof.store.platform import Platform, resolve_platform
from edgeprof_predictor import metrics
from edgeprof_predictor.methods.default.method import DefaultMethod
from edgeprof_predictor.operators.probes.suite import suite
from edgeprof_predictor.operators.profile import OperatorProfile
from edgeprof_predictor.samples import Samples
from edgeprof_predictor.spaces import ChoiceArray, SearchSpace, get_space
from edgeprof_proto.records.measurement import Measurement

TARGETS: Final = {1: (0.045, 0.0), 3: (0.028, 0.985), 5: (0.025, 0.985), 10: (0.021, 0.985)}
"""Median error and Spearman that are asked for after so many samples."""

DRAWN: Final = "drawn"
CHOSEN: Final = "chosen"
"""How samples come about: drawn among the random networks, or chosen by an onboarding, with operators or without."""

_DRAWN_COUNT: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Networks:
    """Measured networks of a session, in the order in which they were measured first."""

    estimates: Mapping[str, LatencyEstimate]
    measurements: Mapping[str, list[Measurement]]

    def some(self, texts: Sequence[str]) -> Networks:
        """Return some of them."""
        return Networks(
            estimates={text: self.estimates[text] for text in texts},
            measurements={text: self.measurements[text] for text in texts},
        )

    def samples(self, space: SearchSpace) -> Samples:
        """Return them as samples."""
        found = list(self.estimates.values())
        return Samples(
            choices=self.choices(space),
            latency_ms=np.array([item.latency_ms for item in found]),
            relative_sd=np.array([item.relative_sd for item in found]),
            resolution_ms=min(item.resolution_ms for item in found),
        )

    def choices(self, space: SearchSpace) -> ChoiceArray:
        """Return their choices."""
        return space.choices([space.parse(text) for text in self.estimates])


def score(
    place: Place, settings: Sequence[str], spaces: Sequence[str], counts: Sequence[int], draws: int
) -> list[dict[str, Any]]:
    """Return a row for each setting, space, way of sampling, draw and number of samples, with operators and without."""
    rows: list[dict[str, Any]] = []
    with Store(place.store) as store:
        for setting in settings:
            platform = resolve_platform(place.device(), SETTINGS[setting])
            if not store.sessions(platform, ""):
                continue
            profile = fit_operators(store, platform)
            for name in spaces:
                space = get_space(name)
                networks = {kind: _networks(store, platform, space, seed) for kind, seed in SEEDS.items()}
                if not networks[RANDOM].estimates:
                    continue
                prior = operator_prior(profile, space, choose_exporter(place.device(), platform.setting), place.models)
                for row in _score_space(space, prior, networks, counts, draws):
                    rows.append({"setting": setting, "space": name, **row})
                print(f"{setting}, {name}", file=sys.stderr, flush=True)
    return rows


def fit_operators(store: Store, platform: Platform) -> OperatorProfile:
    """Return the operator model by the stored measurements of the probes."""
    found: dict[str, list[Measurement]] = {}
    for record in store.sessions(platform, ""):
        for probe in store.probes(record):
            if probe.measurement is not None:
                found.setdefault(probe.architecture.rpartition(" ")[0], []).append(probe.measurement)
    names = frozenset(probe.name for probe in suite())
    return OperatorProfile.fit(measured_networks(found, names), platform=platform.facts(), provenance={})


def _networks(store: Store, platform: Platform, space: SearchSpace, seed: int) -> Networks:
    probes = [
        probe
        for record in store.sessions(platform, space.name)
        if record.seed == seed
        for probe in store.probes(record)
    ]
    measurements: dict[str, list[Measurement]] = {}
    for probe in sorted(probes, key=lambda one: one.sequence):
        if probe.measurement is not None:
            measurements.setdefault(probe.architecture, []).append(probe.measurement)
    estimates = latency_estimates(probes)
    return Networks(estimates={text: estimates[text] for text in measurements}, measurements=measurements)


def _score_space(
    space: SearchSpace, prior: OperatorPrior, networks: Mapping[str, Networks], counts: Sequence[int], draws: int
) -> list[dict[str, Any]]:
    method, rows, random = default_method(space), [], networks[RANDOM]
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(list(random.estimates))
        drawn, unseen = random.some(order[:_DRAWN_COUNT]), random.some(order[_DRAWN_COUNT:])
        for count in counts:
            some = drawn.some(list(drawn.estimates)[:count])
            rows.append(_row(DRAWN, draw, method, some, unseen))
            rows.append(_row(DRAWN, draw, method, some, unseen, prior))
    for kind in (WITH, WITHOUT):
        for count in counts:
            some = networks[kind].some(list(networks[kind].estimates)[:count])
            if len(some.estimates) < count:
                continue
            rows.append(_row(CHOSEN, 0, method, some, random, prior if kind == WITH else None))
    return rows


def _row(
    sampling: str,
    draw: int,
    method: DefaultMethod,
    some: Networks,
    unseen: Networks,
    prior: OperatorPrior | None = None,
) -> dict[str, Any]:
    space = method.space
    informed = method if prior is None else prior.adapt(method, some.measurements)
    predictor = informed.adapt(some.samples(space), seed=0)
    found = predictor.predict(unseen.choices(space))
    actual_ms = np.array([item.latency_ms for item in unseen.estimates.values()])
    return {
        "sampling": sampling,
        "draw": draw,
        "samples": len(some.estimates),
        "operators": prior is not None,
        "median_ape": metrics.median_ape(actual_ms, found.latency_ms),
        "spearman": metrics.spearman(actual_ms, found.latency_ms),
        "coverage": metrics.interval_coverage(actual_ms, found.lower_ms, found.upper_ms),
        "expected": predictor.expected_error,
        "share": predictor.mean_shares().get("operators", 0.0),
    }


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Print means over the draws, and over all settings and spaces beside what is asked for."""
    print(
        "| setting | space | samples | number | without: error | Spearman | with: error | Spearman | coverage | share |"
    )
    print("| --- " * 10 + "|")
    for sampling in (DRAWN, CHOSEN):
        of_sampling = [row for row in rows if row["sampling"] == sampling]
        places = list(dict.fromkeys((row["setting"], row["space"]) for row in of_sampling))
        for count in sorted({row["samples"] for row in of_sampling}):
            same = [row for row in of_sampling if row["samples"] == count]
            for setting, space in places:
                print(
                    _line(setting, space, sampling, [r for r in same if (r["setting"], r["space"]) == (setting, space)])
                )
            error, spearman = TARGETS.get(count, (float("nan"), float("nan")))
            print(_line("all", "all", sampling, same) + f" asked for: {error:.1%}, {spearman}")


def _line(setting: str, space: str, sampling: str, rows: Sequence[dict[str, Any]]) -> str:
    def mean(name: str, has_operators: bool) -> float:
        return float(np.mean([row[name] for row in rows if row["operators"] == has_operators] or [np.nan]))

    figures = [
        f"{mean('median_ape', False):.1%}",
        f"{mean('spearman', False):.3f}",
        f"{mean('median_ape', True):.1%}",
        f"{mean('spearman', True):.3f}",
        f"{mean('coverage', True):.2f}",
        f"{mean('share', True):.2f}",
    ]
    return f"| {setting} | {space} | {sampling} | {rows[0]['samples']} | {' | '.join(figures)} |"
