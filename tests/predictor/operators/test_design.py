from __future__ import annotations

from predictor.operators.drawn import drawn_networks

from edgeprof_predictor.operators.design import choose_models
from edgeprof_predictor.operators.hyperparameters import Hyperparameters

NETWORKS = drawn_networks(Hyperparameters.initial(), 0, probes=0, models=6)
CANDIDATES = {network.name: network.records for network in NETWORKS}


def test_a_model_of_each_family_comes_before_a_second_of_any() -> None:
    families = {name: f"family {position // 2}" for position, name in enumerate(CANDIDATES)}
    chosen = choose_models(CANDIDATES, families, 3)
    assert len({families[name] for name in chosen}) == 3


def test_no_more_are_chosen_than_there_are_and_none_twice() -> None:
    chosen = choose_models(CANDIDATES, {}, 50)
    assert sorted(chosen) == sorted(CANDIDATES)


def test_the_choice_does_not_depend_on_the_order_of_the_candidates() -> None:
    reverse = dict(reversed(list(CANDIDATES.items())))
    assert choose_models(reverse, {}, 4) == choose_models(CANDIDATES, {}, 4)
