"""The names that an evaluation knows, and on which tables their methods work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from predictor.evaluation.odd_table import ODD_SPACE, odd_table

from edgeprof_predictor.errors import EncodingError, TableError, UnknownMethodError
from edgeprof_predictor.evaluation import EVALUATED_NAMES, Protocol, Score, evaluate, resolve_methods, score_encoding
from edgeprof_predictor.methods.base import Method
from edgeprof_predictor.tables.latency_table import LatencyTable

TRAIN = ("board_0", "board_2", "board_5")


def resolved(*names: str, table: LatencyTable, proxies: Path | None = None) -> tuple[type[Method], ...]:
    return resolve_methods(
        names, ODD_SPACE, lambda part: score_encoding(part, ODD_SPACE, table, train=TRAIN, proxies=proxies)
    )


def protocol(*methods: type[Method], **changes: object) -> Protocol:
    fields = {
        "train": TRAIN,
        "test": ("board_1",),
        "sample_counts": (10,),
        "seeds": (0,),
        "pretrain_samples": 100,
        "methods": methods,
    }
    return Protocol(**(fields | changes))  # type: ignore[arg-type]


def proxies_file(path: Path, table: LatencyTable, count: int | None = None) -> Path:
    scores = ODD_SPACE.one_hot(table.choices) @ np.random.default_rng(0).uniform(size=(sum(ODD_SPACE.choice_counts), 3))
    np.savez(path, arch=table.choices[:count], proxy=np.array(["a", "b", "c"]), score=scores[:count])
    return path


def test_every_name_stands_for_a_method_that_bears_it(tmp_path: Path) -> None:
    table = odd_table()
    methods = resolved(*EVALUATED_NAMES, table=table, proxies=proxies_file(tmp_path / "proxies.npz", table))
    assert tuple(method.name for method in methods) == EVALUATED_NAMES
    assert {"oracle", "multi-predict-zcpvec", "multi-predict-hwlvec"} <= set(EVALUATED_NAMES)


def test_an_unknown_method_is_answered_with_the_nearest_names() -> None:
    with pytest.raises(UnknownMethodError, match=r"no method 'multi-predct'; the nearest are multi-predict,"):
        resolved("ridge", "multi-predct", table=odd_table())


def test_methods_that_read_proxies_need_them_for_every_architecture(tmp_path: Path) -> None:
    table = odd_table()
    with pytest.raises(TableError, match="read zero-cost proxies need a table of them"):
        resolved("multi-predict-zcpvec", table=table)
    path = proxies_file(tmp_path / "proxies.npz", table, count=290)
    with pytest.raises(TableError, match="lacks the scores of 10 of the 300 architectures"):
        resolved("multi-predict-zcpvec", table=table, proxies=path)


@pytest.mark.parametrize(
    "name",
    [
        *("boosting", "default", "layerwise", "multi-predict", "multi-predict-hwlvec", "nearest", "oracle", "ridge"),
        *("ridge-hwl", "scratch-hwlvec"),
    ],
)
def test_a_table_of_integers_needs_no_class(name: str) -> None:
    table = odd_table()
    (score,) = evaluate(ODD_SPACE, table, protocol(*resolved(name, table=table)))
    assert score.spearman > 0.2
    assert np.isfinite([score.median_ape, score.interval_coverage, score.expected_error]).all()


def test_a_method_that_reads_proxies_works_on_any_table(tmp_path: Path) -> None:
    table = odd_table()
    methods = resolved("multi-predict-zcpvec", table=table, proxies=proxies_file(tmp_path / "proxies.npz", table))
    (score,) = evaluate(ODD_SPACE, table, protocol(*methods))
    assert score.spearman > 0.8


@pytest.mark.parametrize("name", ["flops", "parameters"])
def test_a_method_that_needs_costs_says_so_before_anything_is_computed(name: str) -> None:
    table, told = odd_table(), list[str]()
    methods = resolved("ridge", name, table=table)
    with pytest.raises(TableError, match=f"{name} needs the costs of architectures, and odd is known by its choices"):
        list(evaluate(ODD_SPACE, table, protocol(*methods), on_progress=told.append))
    assert told == []


def test_the_oracle_is_marked_and_finds_the_best_source() -> None:
    table = odd_table()
    oracle, ridge = evaluate(ODD_SPACE, table, protocol(*resolved("oracle", "ridge", table=table)))
    assert oracle.is_upper_bound and not ridge.is_upper_bound
    assert oracle.source_platform in ("board_0", "board_2")
    assert oracle.source_correlation > 0.9


def test_the_descriptor_architectures_of_a_method_are_among_the_architectures_it_may_measure() -> None:
    # More architectures than are offered by chance: the references were drawn from those of the sources.
    table = odd_table(2000)
    (method,) = resolved("multi-predict-sample", table=table)
    shown: list[np.ndarray] = []

    class Watched(method):  # type: ignore[misc, valid-type]
        def choose_samples(self, candidates, count, *, measured, seed):  # type: ignore[no-untyped-def]
            shown.append(candidates)
            references = {row.tobytes() for row in self.descriptors.choices}
            assert references <= {row.tobytes() for row in candidates}
            chosen = super().choose_samples(candidates, count, measured=measured, seed=seed)
            assert {row.tobytes() for row in candidates[chosen]} == references
            return chosen

    assert len(list(evaluate(ODD_SPACE, table, protocol(Watched, pretrain_samples=50)))) == 1
    assert len(shown) == 1


def whole_ms_scores() -> list[Score]:
    table = odd_table(is_whole_ms=True)
    return list(evaluate(ODD_SPACE, table, protocol(*resolved("default", table=table), sample_counts=(3, 10))))


def test_whole_milliseconds_are_allowed_and_intervals_include_the_rounding() -> None:
    table = odd_table(is_whole_ms=True)
    assert np.array_equal(table.latency_ms, np.round(table.latency_ms))
    for score in whole_ms_scores():
        assert score.spearman > 0.7
        assert score.interval_coverage > 0.85
        # The rounding alone spreads latencies of the table's middle by 1 / sqrt(12) ms.
        rounding = 2 * 1.645 / np.sqrt(12) / np.median(table.latencies_of("board_1"))
        assert score.interval_width_ratio > 0.9 * rounding


def test_damaged_proxies_are_refused(tmp_path: Path) -> None:
    table = odd_table()
    path = tmp_path / "proxies.npz"
    np.savez(path, arch=table.choices + 7, score=np.ones((300, 2)))
    with pytest.raises(EncodingError, match="must lie between 0 and the option counts"):
        resolved("multi-predict-zcpvec", table=table, proxies=path)


def test_a_sampler_behind_a_plus_chooses_the_samples(tmp_path: Path) -> None:
    table = odd_table()
    (method,) = resolved("ridge+diversity", table=table)
    assert method.name == "ridge+diversity"
    with pytest.raises(UnknownMethodError, match="no sampler 'luck'"):
        resolved("ridge+luck", table=table)
