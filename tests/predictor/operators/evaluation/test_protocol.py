from __future__ import annotations

from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.operators.evaluation.families import family_of, halves
from edgeprof_predictor.operators.evaluation.measured_setting import MeasuredSetting
from edgeprof_predictor.operators.evaluation.peers import Arithmetic, Roofline
from edgeprof_predictor.operators.evaluation.protocol import Contender, run_protocol
from edgeprof_predictor.operators.evaluation.summary import summarise
from edgeprof_predictor.operators.hyperparameters import Hyperparameters
from edgeprof_predictor.operators.model import OperatorModel

HYPER = Hyperparameters.initial()


def setting() -> MeasuredSetting:
    networks = drawn_networks(HYPER, 1, probes=20, models=30)
    models = {f"{chr(97 + position % 10)}net_{position}": one for position, one in enumerate(networks[20:])}
    return MeasuredSetting(
        name="drawn",
        engine="drawn",
        probes=tuple(networks[:20]),
        models=models,
        groups={name: "group" for name in models},
    )


def test_models_of_one_backbone_are_of_one_family() -> None:
    assert family_of("mobilenet_v2_224") == family_of("lraspp_mobilenet_v3_large_256") == "mobilenet"
    assert family_of("bert_tiny_s128") == family_of("albert_s32")
    assert family_of("squeezenet1_0_160") == family_of("squeezenet1_1_224") != family_of("alexnet_224")


def test_halves_share_no_family_and_hold_all() -> None:
    first, second = halves(setting().groups)
    assert not {family_of(name) for name in first} & {family_of(name) for name in second}
    assert sorted(first + second) == sorted(setting().models)
    assert abs(len(first) - len(second)) <= 3


def test_no_model_is_predicted_that_was_measured_and_the_operator_model_beats_its_peers() -> None:
    contenders = [
        Contender(name="operators", fit=lambda networks: OperatorModel.fit(networks, HYPER)),
        Contender(name="roofline", fit=Roofline.fit_whole, uses_probes=False, min_samples=5),
        Contender(name="FLOPs", fit=Arithmetic.fit, uses_probes=False, min_samples=5),
    ]
    measured = setting()
    outcomes = list(run_protocol(measured, contenders, counts=(0, 5)))
    latencies = {("drawn", name): network.latency_us for name, network in measured.models.items()}
    assert {one.sample_count for one in outcomes if one.method != "operators"} == {5}
    assert {one.network for one in outcomes if one.sample_count == 0} == set(measured.models)
    summaries = {
        name: summarise([one for one in outcomes if one.method == name], latencies)
        for name in ("operators", "roofline", "FLOPs")
    }
    assert summaries["operators"].median_error < min(
        summaries["roofline"].median_error, summaries["FLOPs"].median_error
    )
    assert summaries["operators"].coverage is not None and summaries["operators"].coverage > 0.8
    assert summaries["FLOPs"].coverage is None
