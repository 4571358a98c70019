import pytest

from edgeprof_agent.doctor.memory import check_memory, check_memory_limit, check_processor_quota, check_swap

GROUP = "proc/self/cgroup"
INNER, OUTER = "sys/fs/cgroup/a.slice/b.service", "sys/fs/cgroup/a.slice"


def meminfo(**kilobytes: int) -> dict[str, str]:
    return {"proc/meminfo": "".join(f"{name}: {value} kB\n" for name, value in kilobytes.items())}


@pytest.mark.parametrize(
    ("check", "files", "level", "words"),
    [
        (check_memory, meminfo(MemAvailable=1 << 20), "good", "1024 MiB"),
        (check_memory, meminfo(MemAvailable=200 << 10), "warning", "200 MiB"),
        (check_memory, meminfo(MemAvailable=90 << 10), "trouble", "90 MiB"),
        (check_memory, {}, "not_reported", ""),
        (check_swap, meminfo(SwapTotal=2048, SwapFree=2048), "good", ""),
        (check_swap, meminfo(SwapTotal=0, SwapFree=0), "good", ""),
        (check_swap, meminfo(SwapTotal=9 << 10, SwapFree=4 << 10), "warning", "5 MiB"),
        (check_swap, {}, "not_reported", ""),
        (check_processor_quota, {GROUP: "0::/a.slice/b.service\n", f"{INNER}/cpu.max": "max 100000"}, "good", ""),
        (
            check_processor_quota,
            {GROUP: "0::/a.slice/b.service\n", f"{INNER}/cpu.max": "max 1", f"{OUTER}/cpu.max": "50000 100000"},
            "warning",
            "0.5 cores",
        ),
        (check_processor_quota, {GROUP: "3:cpu:/\n"}, "not_reported", ""),
        (check_memory_limit, {GROUP: "0::/\n"}, "good", ""),
        (check_memory_limit, {GROUP: "0::/a.slice", f"{OUTER}/memory.max": str(1 << 30)}, "good", "1024 MiB"),
        (check_memory_limit, {GROUP: "0::/a.slice", f"{OUTER}/memory.max": str(1 << 26)}, "trouble", "64 MiB"),
        (check_memory_limit, {}, "not_reported", ""),
    ],
)
def test_what_a_worker_lacks_is_found(write_tree, check, files, level, words) -> None:
    found = check(write_tree(files))
    assert found.level == level
    assert words in found.finding
    assert bool(found.remedy) is (level in ("warning", "trouble"))
