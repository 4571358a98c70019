from collections.abc import Mapping

from edgeprof_agent.runtimes.base import LoadedModel
from edgeprof_agent.worker.observer import Observer
from edgeprof_proto.records.job_spec import Setting
from edgeprof_proto.records.measurement import Conditions


class CountedModel(LoadedModel):
    """A model whose counters a test moves by hand."""

    def __init__(self) -> None:
        super().__init__(setting=Setting(runtime="counted"), load_ms=0.0)
        self.wait_ms: float | None = 0.0
        self.work_ns: dict[str, int] | None = {"1": 0, "2": 0}
        self.cores: dict[str, int] = {"1": 5, "2": 0}
        self.now_ns = 0
        self.clock = lambda: self.now_ns

    def run_once(self) -> None:
        raise AssertionError("no run is asked for")

    def read_conditions(self) -> Conditions:
        return Conditions(load_average_1m=1.0)

    def read_core_wait_ms(self) -> float | None:
        return self.wait_ms

    def read_thread_work_ns(self) -> Mapping[str, int] | None:
        return None if self.work_ns is None else dict(self.work_ns)

    def read_thread_cores(self) -> Mapping[str, int]:
        return dict(self.cores)

    def spend(self, *, wait_ms: float, work_ms: float = 0.0, thread: str = "1") -> None:
        assert self.wait_ms is not None and self.work_ns is not None
        self.wait_ms += wait_ms
        self.work_ns[thread] = self.work_ns.get(thread, 0) + round(work_ms * 1e6)


def test_waits_and_work_between_timed_blocks_do_not_count() -> None:
    model = CountedModel()
    observer = Observer(model)
    observer.begin()
    for _ in range(3):
        model.spend(wait_ms=500.0, work_ms=900.0, thread="2")  # the gate, and a repeated warm-up
        observer.begin_block()
        model.spend(wait_ms=2.0, work_ms=10.0)
        observer.end_block()
    model.spend(wait_ms=100.0)
    observed = observer.end(timed_ms=30.0)
    assert observed.core_wait_ms == 6.0
    assert observed.thread_count == 1, "thread 2 worked outside the timed blocks alone"


def test_readings_name_the_cores_of_the_threads_that_worked() -> None:
    model = CountedModel()
    observer = Observer(model)
    assert observer.read_conditions().worker_core_indices == (), "before the runs nothing is known"
    observer.begin()
    observer.begin_block()
    model.spend(wait_ms=0.0, work_ms=10.0)
    observer.end_block()
    model.now_ns = 10**9
    observer.read_between_blocks()
    model.cores = {"1": 4, "2": 0}
    observer.end(timed_ms=10.0)
    assert [item.worker_core_indices for item in observer.conditions_during] == [(5,)]
    assert observer.read_conditions().worker_core_indices == (4,)


def test_what_the_kernel_stops_telling_is_not_reported() -> None:
    model = CountedModel()
    observer = Observer(model)
    observer.begin_block()
    model.wait_ms = model.work_ns = None
    observer.end_block()
    observed = observer.end(timed_ms=10.0)
    assert observed.core_wait_ms is None and observed.thread_count is None
