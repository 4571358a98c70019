"""The operator model in its forms and its peers, compared on measured settings in one run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from edgeprof_predictor.errors import OperatorModelError
from edgeprof_predictor.operators.blend import BlendedModel
from edgeprof_predictor.operators.evaluation.families import halves
from edgeprof_predictor.operators.evaluation.kernel_forests import KernelForests, has_forests
from edgeprof_predictor.operators.evaluation.measured_setting import MeasuredSetting
from edgeprof_predictor.operators.evaluation.peers import Arithmetic, Roofline
from edgeprof_predictor.operators.evaluation.protocol import SAMPLE_COUNTS, Contender, Outcome, run_protocol
from edgeprof_predictor.operators.evaluation.summary import Summary, summarise
from edgeprof_predictor.operators.hyperparameters import Hyperparameters, shipped_hyperparameters
from edgeprof_predictor.operators.model import OperatorModel
from edgeprof_predictor.operators.networks import MeasuredNetwork
from edgeprof_predictor.operators.totals import TotalsModel
from edgeprof_predictor.operators.training import hyperparameters_of

MIN_HALF_COUNT = 3
"""Models in each half without which there are no ranks to compare."""

FORESTS = "forests of kernels"
FORESTS_OF_MORE = "forests of kernels, more probes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScore:
    """Figures of a method on a setting.

    Args:
        method: Name of the method.
        sample_count: Models of the other half of families that were measured.
        setting: Name of the setting; "all" for all together.
        summary: The figures.
    """

    method: str
    sample_count: int
    setting: str
    summary: Summary


def contenders(hyper: Hyperparameters, more: Sequence[MeasuredNetwork] = ()) -> list[Contender]:
    """Return the operator model in its forms, and its peers.

    Args:
        hyper: Hyper-parameters of the operator model.
        more: Further probes, from which only the forests learn, in a contender of their own.
    """

    def operators(networks: Sequence[MeasuredNetwork]) -> OperatorModel:
        return OperatorModel.fit(networks, hyper)

    def totals(networks: Sequence[MeasuredNetwork]) -> TotalsModel:
        return TotalsModel.fit(networks, hyper)

    def blend(networks: Sequence[MeasuredNetwork]) -> BlendedModel:
        return BlendedModel.fit(networks, hyper)

    def forests_of_more(networks: Sequence[MeasuredNetwork]) -> KernelForests:
        return KernelForests.fit([*networks, *more])

    listed = [
        Contender(name="blend", fit=blend),
        Contender(name="operators", fit=operators),
        Contender(name="operators without probes", fit=operators, uses_probes=False, min_samples=5),
        Contender(name="totals", fit=totals),
        Contender(name="totals without probes", fit=totals, uses_probes=False, min_samples=5),
        Contender(name="class roofline", fit=Roofline.fit_classes, uses_probes=False, min_samples=5),
        Contender(name="roofline", fit=Roofline.fit_whole, uses_probes=False, min_samples=5),
        Contender(name="log FLOPs", fit=Arithmetic.fit, uses_probes=False, min_samples=5),
    ]
    if has_forests():
        listed.append(Contender(name=FORESTS, fit=KernelForests.fit))
        if more:
            listed.append(Contender(name=FORESTS_OF_MORE, fit=forests_of_more))
    return listed


def score_models(
    settings: Mapping[str, MeasuredSetting],
    *,
    targets: Collection[str] = (),
    sample_counts: Sequence[int] = SAMPLE_COUNTS,
    methods: Collection[str] = (),
    is_own: bool = False,
    more: Mapping[str, Sequence[MeasuredNetwork]] | None = None,
    on_scored: Callable[[str], None] = lambda setting: None,
) -> list[ModelScore]:
    """Score methods on unseen families of models, in both directions.

    Args:
        settings: What was measured, by the names of settings.
        targets: Settings to predict; none for all.
        sample_counts: Models that are measured.
        methods: Methods to compare; none for all.
        is_own: Whether hyper-parameters are fitted on the settings of other engines; otherwise they are the shipped
            ones, which may have seen the target.
        more: Further probes of each setting, for `contenders`.
        on_scored: Called with each setting that is done.

    Raises:
        OperatorModelError: If a setting or a method is not known, or a setting has too few models or families.
    """
    unknown = [name for name in targets if name not in settings]
    if unknown:
        raise OperatorModelError(f"nothing was measured on {', '.join(unknown)}, but on {', '.join(settings)}")
    outcomes: list[Outcome] = []
    fitted: dict[str, Hyperparameters] = {}
    for name in targets or settings:
        engine = settings[name].engine
        if engine not in fitted:
            fitted[engine] = _hyperparameters(engine, settings, is_own)
        every = contenders(fitted[engine], (more or {}).get(name, ()))
        _require_methods(methods, every)
        _require_halves(settings[name])
        chosen = [one for one in every if not methods or one.name in methods]
        outcomes.extend(run_protocol(settings[name], chosen, sample_counts))
        on_scored(name)
    return _scores(outcomes, settings)


def _require_methods(methods: Collection[str], known: Sequence[Contender]) -> None:
    names = [one.name for one in known]
    unknown = [name for name in methods if name not in names]
    if unknown:
        hint = "" if has_forests() else "; forests need scikit-learn: pip install scikit-learn"
        raise OperatorModelError(f"there is no method {', '.join(unknown)}; there are {', '.join(names)}{hint}")


def _require_halves(setting: MeasuredSetting) -> None:
    groups = {name: group for name, group in setting.groups.items() if name in setting.models}
    if min(map(len, halves(groups))) < MIN_HALF_COUNT:
        raise OperatorModelError(
            f"{setting.name} has {len(setting.models)} models, which do not split into two halves of "
            f"{MIN_HALF_COUNT} or more that share no family: measure models of more families"
        )


def _hyperparameters(engine: str, settings: Mapping[str, MeasuredSetting], is_own: bool) -> Hyperparameters:
    others = [setting.networks for setting in settings.values() if setting.engine != engine]
    return hyperparameters_of(others) if is_own and others else shipped_hyperparameters()


def _scores(outcomes: Sequence[Outcome], settings: Mapping[str, MeasuredSetting]) -> list[ModelScore]:
    latencies = {
        (name, model): network.latency_us
        for name, setting in settings.items()
        for model, network in setting.models.items()
    }
    scores = []
    for method in dict.fromkeys(one.method for one in outcomes):
        for count in sorted({one.sample_count for one in outcomes if one.method == method}):
            of_method = [one for one in outcomes if one.method == method and one.sample_count == count]
            by_setting = {name: [one for one in of_method if one.setting == name] for name in settings}
            scored = {name: listed for name, listed in by_setting.items() if listed}
            if len(scored) > 1:
                scored["all"] = of_method
            scores += [
                ModelScore(method=method, sample_count=count, setting=name, summary=summarise(listed, latencies))
                for name, listed in scored.items()
            ]
    return scores
