from collections.abc import Sequence

import pytest

from edgeprof_agent.errors import RunFailedError
from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.worker.operators import MAX_PROFILE_COUNT, time_operators
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import OperatorTime


class _Model(LoadedModel):
    """A model whose profiles have these times, and then fail."""

    def __init__(self, *times_ms: float) -> None:
        super().__init__(setting=Setting(runtime="scripted"), load_ms=1.0)
        self.times_ms = list(times_ms)

    def run_once(self) -> None:
        raise AssertionError

    def time_operators(self) -> Sequence[OperatorTime]:
        if not self.times_ms:
            raise RunFailedError("no profile")
        time_ms = self.times_ms.pop(0)
        return [OperatorTime(name="a", type="Conv", time_ms=time_ms, share=1.0)]


@pytest.mark.parametrize(
    ("times_ms", "kept_ms", "left_count"),
    [
        pytest.param((1.2, 1.0), 1.2, 1, id="near the median"),
        pytest.param((1.5, 1.1, 1.0), 1.1, 1, id="disturbed once"),
        pytest.param((1.5, 1.4, 1.6, 1.0), 1.4, 1, id="always above"),
        pytest.param((1.5,), 1.5, 0, id="the second fails"),
    ],
)
def test_a_profile_far_above_the_median_is_taken_again(
    times_ms: tuple[float, ...], kept_ms: float, left_count: int
) -> None:
    model = _Model(*times_ms)
    (operator,) = time_operators(model, 1.0)
    assert operator.time_ms == kept_ms
    assert len(model.times_ms) == left_count
    assert MAX_PROFILE_COUNT == 3


def test_a_profile_that_fails_leaves_no_operators(capsys: pytest.CaptureFixture[str]) -> None:
    assert time_operators(_Model(), 1.0) == ()
    assert "no profile" in capsys.readouterr().err
