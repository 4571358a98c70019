"""Only models that may be the fastest are measured."""

from edgeprof.operator_models.verification import RankedModel, Ranking, next_to_measure


def predicted(name: str, lower_ms: float, upper_ms: float) -> RankedModel:
    return RankedModel(name=name, latency_ms=(lower_ms + upper_ms) / 2, lower_ms=lower_ms, upper_ms=upper_ms)


def measured(name: str, latency_ms: float) -> RankedModel:
    return RankedModel(
        name=name, latency_ms=latency_ms, lower_ms=latency_ms * 0.99, upper_ms=latency_ms * 1.01, is_measured=True
    )


def test_the_model_whose_interval_reaches_lowest_is_measured_first() -> None:
    due = next_to_measure([predicted("a", 2.0, 3.0), predicted("b", 1.5, 9.0), predicted("c", 5.0, 6.0)])
    assert due is not None and due.name == "b"


def test_nothing_is_measured_that_cannot_be_faster_than_the_fastest_measured() -> None:
    models = [measured("b", 1.8), predicted("a", 2.0, 3.0), predicted("c", 5.0, 6.0)]
    assert next_to_measure(models) is None
    assert Ranking(platform="here", models=tuple(models)).is_fastest_certain


def test_a_model_of_which_nothing_is_known_is_measured_and_one_that_failed_is_not() -> None:
    unknown = RankedModel(name="u", latency_ms=None)
    failed = RankedModel(name="f", latency_ms=None, failure="it could not be measured")
    due = next_to_measure([measured("b", 1.8), unknown, failed])
    assert due is unknown
    assert next_to_measure([measured("b", 1.8), failed]) is None


def test_overlapping_intervals_leave_the_fastest_uncertain() -> None:
    models = (measured("a", 1.80), measured("b", 1.81))
    assert not Ranking(platform="here", models=models).is_fastest_certain
