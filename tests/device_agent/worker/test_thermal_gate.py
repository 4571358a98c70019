from collections.abc import Callable

from edgeprof_agent.worker.thermal_gate import ThermalGate

NS_PER_S = 1_000_000_000


class Board:
    """A board that cools by some degrees in each second of rest."""

    def __init__(self, celsius: float | None, *, cooling_celsius: float = 0.0) -> None:
        self.celsius = celsius
        self.cooling_celsius = cooling_celsius
        self.now_ns = 0

    def sleep(self, duration_s: float) -> None:
        assert self.celsius is not None
        self.now_ns += round(duration_s * NS_PER_S)
        self.celsius -= self.cooling_celsius * duration_s

    def gate(self, *, limit_celsius: float = 50.0, budget_ms: float = 60_000.0) -> ThermalGate:
        read: Callable[[], float | None] = lambda: self.celsius  # noqa: E731
        return ThermalGate(read, lambda: self.now_ns, self.sleep, limit_celsius=limit_celsius, budget_ms=budget_ms)


def test_a_cool_device_does_not_wait() -> None:
    gate = Board(45.0).gate()
    assert not gate()
    assert (gate.waited_ms, gate.is_reached) == (0.0, True)


def test_a_hot_device_waits_until_it_is_cool() -> None:
    board = Board(57.0, cooling_celsius=2.0)
    gate = board.gate()
    assert gate()
    assert (gate.waited_ms, gate.is_reached) == (4_000.0, True)
    assert board.celsius == 49.0


def test_waiting_ends_with_the_budget_and_says_that_it_was_in_vain() -> None:
    gate = Board(80.0, cooling_celsius=1.0).gate(budget_ms=2_500.0)
    assert gate()
    assert (gate.waited_ms, gate.is_reached) == (2_500.0, False)
    assert not gate(), "nothing is left to wait with"
    assert gate.is_reached is False


def test_the_gate_closes_again_only_well_above_the_limit_and_the_budget_is_one_for_all_waits() -> None:
    board = Board(51.0, cooling_celsius=1.0)
    gate = board.gate(budget_ms=4_000.0)
    assert gate() and gate.waited_ms == 1_000.0
    board.celsius = 54.0
    assert not gate() and gate.is_reached
    board.celsius = 60.0
    assert gate() and gate.waited_ms == 4_000.0
    assert gate.is_reached is False


def test_a_device_that_tells_no_temperature_neither_waits_nor_claims_anything() -> None:
    gate = Board(None).gate()
    assert not gate()
    assert (gate.waited_ms, gate.is_reached) == (0.0, None)
