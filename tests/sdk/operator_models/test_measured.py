"""Times of operators from all profiles of a model."""

from dataclasses import replace

import pytest
from factories import measurement_of

from edgeprof.operator_models.measured import profiled_operators
from edgeprof_proto.records.measurement import Measurement, OperatorTime


def _profiled(first: tuple[float, ...], second: tuple[float, ...]) -> Measurement:
    operators = tuple(
        OperatorTime(name=f"{index}", type="Conv", time_ms=1.0, share=0.5, window_ms=windows, node_index=index)
        for index, windows in enumerate((first, second))
    )
    return replace(measurement_of(3.0), operators=operators)


def test_windows_of_all_profiles_count() -> None:
    first = _profiled((1.5, 1.4), (3.0, 3.1))
    second = _profiled((1.0,), (2.0,))
    found = profiled_operators([second, first])
    assert [operator.window_ms for operator in found] == [(1.0, 1.5, 1.4), (2.0, 3.0, 3.1)]


@pytest.mark.parametrize("other", [_profiled((0.1,), (0.1,)), measurement_of(3.0)])
def test_profiles_of_other_operators_say_nothing(other: Measurement) -> None:
    measured = _profiled((1.0, 1.5), (2.0, 2.5))
    other = replace(other, operators=tuple(replace(item, type="Relu") for item in other.operators))
    assert profiled_operators([measured, other]) == measured.operators
