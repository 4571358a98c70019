import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgeprof_agent.device import android
from edgeprof_agent.device.arm_cores import CORES, MAKERS, arm_core_name
from edgeprof_agent.device.info import describe_device
from edgeprof_agent.device.processor import process_architecture, read_cpu

CPU = "sys/devices/system/cpu"


def _record(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def _cpuinfo(*cores: tuple[str, str]) -> str:
    return "".join(
        f"processor\t: {index}\nmodel name\t: ARMv8\nCPU implementer\t: {maker}\nCPU part\t: {part}\n\n"
        for index, (maker, part) in enumerate(cores)
    )


def _phone(*cores: tuple[str, str], frequencies_khz: list[int]) -> dict[str, str]:
    maxima = {f"{CPU}/cpu{index}/cpufreq/cpuinfo_max_freq": f"{value}\n" for index, value in enumerate(frequencies_khz)}
    return {"proc/cpuinfo": _cpuinfo(*cores), f"{CPU}/online": f"0-{len(cores) - 1}\n", **maxima}


@pytest.mark.parametrize(
    ("maker", "part", "name"),
    [
        ("0x41", "0xd08", "Cortex-A72"),
        ("0x41", "0xd0b", "Cortex-A76"),
        ("0x42", "0x516", "ThunderX2"),
        ("0x43", "0x0a1", "ThunderX-88XX"),
        ("0x46", "0x001", "A64FX"),
        ("0x48", "0xd01", "Kunpeng-920"),
        ("0x4e", "0x004", "Carmel"),
        ("0x51", "0x804", "Kryo-4XX-Gold"),
        ("0x53", "0x003", "Exynos-M4"),
        ("0x61", "0x023", "Firestorm-M1"),
        ("0xc0", "0xac3", "Ampere-1"),
        ("0x51", "0x777", "Qualcomm core 0x777"),
        ("0x99", "0x001", "maker 0x99 core 0x001"),
    ],
)
def test_cores_of_all_makers_have_a_name(tmp_path: Path, maker: str, part: str, name: str) -> None:
    assert read_cpu(_record(tmp_path, {"proc/cpuinfo": _cpuinfo((maker, part))})).model == name


def test_every_maker_with_cores_has_a_name_and_no_core_is_named_twice_by_mistake() -> None:
    assert CORES.keys() <= MAKERS.keys()
    assert all(0 <= part <= 0xFFF for cores in CORES.values() for part in cores)
    assert arm_core_name(0x41, 0xD0C) == "Neoverse-N1"


def test_two_kinds_of_cores_with_equal_maxima_are_two_clusters_the_stronger_first(tmp_path: Path) -> None:
    cores = [("0x41", "0xd05")] * 2 + [("0x41", "0xd0b")] * 2
    capacity = {f"{CPU}/cpu{index}/cpu_capacity": "406\n" if index < 2 else "1024\n" for index in range(4)}
    root = _record(tmp_path, {**_phone(*cores, frequencies_khz=[2_000_000] * 4), **capacity})
    cpu = read_cpu(root)
    assert [(cluster.name, cluster.core_indices) for cluster in cpu.clusters] == [("big", (2, 3)), ("little", (0, 1))]
    assert cpu.model == "Cortex-A76 + Cortex-A55"


def test_kinds_of_cores_without_a_known_frequency_or_name_are_told_apart_too(tmp_path: Path) -> None:
    root = _record(tmp_path, {"proc/cpuinfo": _cpuinfo(("0x99", "0x001"), ("0x99", "0x002"))})
    assert [cluster.core_indices for cluster in read_cpu(root).clusters] == [(0,), (1,)]


def test_the_register_of_a_core_is_read_where_the_kernel_shows_it(tmp_path: Path) -> None:
    register = f"{CPU}/cpu0/regs/identification/midr_el1"
    root = _record(tmp_path, {**_phone(("0x41", "0xd03"), frequencies_khz=[1]), register: "0x00000000413fd0c1\n"})
    assert read_cpu(root).model == "Neoverse-N1"


def test_an_old_kernel_tells_the_numbers_once_for_all_cores(tmp_path: Path) -> None:
    text = "processor : 0\n\nprocessor : 1\n\nCPU implementer : 0x41\nCPU part : 0xc09\n\nHardware : Board\n"
    cpu = read_cpu(_record(tmp_path, {"proc/cpuinfo": text}))
    assert cpu.model == "Cortex-A9"
    assert [cluster.core_indices for cluster in cpu.clusters] == [(0, 1)]


@pytest.mark.parametrize(
    ("machine", "is_64_bit", "name"),
    [
        ("aarch64", True, "aarch64"),
        ("aarch64", False, "arm"),
        ("armv8l", False, "arm"),
        ("armv7l", False, "armv7l"),
        ("x86_64", False, "i686"),
        ("x86_64", True, "x86_64"),
    ],
)
def test_a_32_bit_system_on_a_64_bit_kernel_tells_both(machine: str, is_64_bit: bool, name: str) -> None:
    assert process_architecture(machine, is_64_bit=is_64_bit) == name


def test_this_machine_tells_what_its_process_computes_in(tmp_path: Path) -> None:
    cpu = read_cpu(tmp_path)
    assert cpu.architecture == cpu.process_architecture == os.uname().machine


def _write_getprop(root: Path, script: str) -> None:
    program = _record(root, {android.GETPROP: f"#!/bin/sh\n{script}\n"}) / android.GETPROP
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_a_phone_has_a_name(tmp_path: Path) -> None:
    answers = {
        "ro.product.manufacturer": "Google",
        "ro.product.model": "Pixel 6",
        "ro.soc.manufacturer": "Google",
        "ro.soc.model": "Tensor",
        "ro.build.version.release": "14",
    }
    cases = "".join(f"{name}) echo '{value}';;\n" for name, value in answers.items())
    _write_getprop(tmp_path, f'case "$1" in\n{cases}esac')
    _record(tmp_path, {"proc/device-tree/model": "Raven reference board\0"})
    device = describe_device(tmp_path, environment={"PREFIX": "/data/data/com.termux/files/usr"})
    assert device.board == "Google Pixel 6"
    assert device.soc == "Google Tensor"
    assert device.operating_system == "Android 14"


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ('test "$1" = ro.product.model && echo "HUAWEI P30" || echo Huawei', "HUAWEI P30"),
        ('test "$1" = ro.product.model && echo "SM-G991B"', "SM-G991B"),
        ("exit 3", None),
        ("echo", None),
    ],
)
def test_a_phone_that_tells_less_is_named_by_what_it_tells(tmp_path: Path, script: str, name: str | None) -> None:
    _write_getprop(tmp_path, script)
    assert android.read_phone_name(tmp_path) == name


def test_a_property_that_is_never_told_takes_a_bounded_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(android, "GETPROP_DURATION_S", 0.2)
    _write_getprop(tmp_path, "exec sleep 60")
    start = time.monotonic()
    assert android.read_phone_name(tmp_path) is None
    assert time.monotonic() - start < 30


def test_a_machine_without_the_program_is_asked_nothing(tmp_path: Path) -> None:
    assert android.read_phone_name(tmp_path) is None
