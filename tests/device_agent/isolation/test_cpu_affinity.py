import os
import threading

import pytest

from edgeprof_agent.device.processor import cluster_names
from edgeprof_agent.errors import SettingNotSupportedError
from edgeprof_agent.isolation.cpu_affinity import (
    bind_to_cores,
    check_cores,
    read_affinity,
    without_cores,
    working_threads,
)
from edgeprof_proto.records.device import Cpu, CpuCluster
from edgeprof_proto.records.job_spec import Setting

HERE = tuple(sorted(os.sched_getaffinity(0)))
BIG_LITTLE = Cpu(
    architecture="aarch64",
    core_count=len(HERE) + 1,
    clusters=(
        CpuCluster(name="big", core_indices=HERE[:1], max_frequency_mhz=2_400.0),
        CpuCluster(name="little", core_indices=(*HERE[1:], 1_000), max_frequency_mhz=1_800.0),
        CpuCluster(name="prime", core_indices=(2_000,), max_frequency_mhz=3_000.0),
    ),
)
ALIKE = Cpu(architecture="x86_64", core_count=2, clusters=(CpuCluster(name="all", core_indices=(0, 1)),))


def _setting(cores: str) -> Setting:
    return Setting(runtime="onnxruntime", options={"cores": cores, "graph_optimization": "all"})


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (0, ()),
        (1, ("all",)),
        (2, ("big", "little")),
        (3, ("prime", "big", "little")),
        (4, ("prime", "big", "big-2", "little")),
    ],
)
def test_clusters_are_named_by_their_frequency(count: int, names: tuple[str, ...]) -> None:
    assert cluster_names(count) == names


def test_cores_that_the_processor_does_not_have_are_refused_with_those_it_has() -> None:
    with pytest.raises(SettingNotSupportedError, match=r"no cores 'big'; choose from: all$"):
        check_cores(_setting("big"), ALIKE)
    with pytest.raises(SettingNotSupportedError, match="choose from: all, big, little, prime"):
        check_cores(_setting("medium"), BIG_LITTLE)
    check_cores(_setting("all"), ALIKE)
    check_cores(Setting(runtime="onnxruntime"), Cpu(architecture="x86_64", core_count=1))


def test_a_runtime_is_not_told_of_the_cores() -> None:
    assert without_cores(_setting("big")) == Setting(runtime="onnxruntime", options={"graph_optimization": "all"})


def _in_a_thread_of_its_own(cores: str) -> dict[str, object]:
    """Bind a thread, so that the tests' own stays free, and tell what it and one that it started were given."""
    found: dict[str, object] = {}

    def work() -> None:
        try:
            found["asked"] = bind_to_cores(_setting(cores), BIG_LITTLE)
            found["own"] = read_affinity()
            child = threading.Thread(target=lambda: found.update(child=read_affinity()))
            child.start()
            child.join()
        except SettingNotSupportedError as error:
            found["error"] = str(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return found


def test_a_thread_is_bound_to_its_cluster_and_so_are_those_that_it_starts() -> None:
    assert _in_a_thread_of_its_own("big") == {"asked": HERE[:1], "own": HERE[:1], "child": HERE[:1]}
    assert _in_a_thread_of_its_own("all") == {"asked": HERE, "own": HERE, "child": HERE}


def test_cores_that_the_agent_may_not_use_are_an_error() -> None:
    assert "cannot be bound to the cores 'prime' (2000)" in str(_in_a_thread_of_its_own("prime")["error"])


def test_threads_that_only_keep_the_books_do_not_count() -> None:
    before = {"1": 5_000_000, "2": 0}
    after = {"1": 105_000_000, "2": 1_000_000, "3": 50_000_000}
    assert working_threads(before, after, timed_ms=100.0) == (1, 3)
    assert working_threads(None, after, timed_ms=100.0) is None
