import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from edgeprof_agent.device.info import describe_device, read_container, read_soc
from edgeprof_agent.device.processor import read_cpu
from edgeprof_proto.record_json import from_json
from edgeprof_proto.records.device import CpuCluster, DeviceDescription, RuntimeInfo

RASPBERRY_PI_CPUINFO = "".join(
    f"processor\t: {index}\nBogoMIPS\t: 108.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\nCPU revision\t: 3\n\n"
    for index in range(4)
)


def _record(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def _frequencies(khz: Mapping[int, int], governor: str) -> dict[str, str]:
    folder = "sys/devices/system/cpu/cpu{}/cpufreq/"
    maxima = {folder.format(index) + "cpuinfo_max_freq": f"{value}\n" for index, value in khz.items()}
    return maxima | {folder.format(index) + "scaling_governor": f"{governor}\n" for index in khz}


def test_a_raspberry_pi_is_described(tmp_path: Path) -> None:
    root = _record(
        tmp_path,
        {
            "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
            "proc/device-tree/compatible": "raspberrypi,4-model-b\0brcm,bcm2711\0",
            "proc/cpuinfo": RASPBERRY_PI_CPUINFO + "Hardware\t: BCM2835\nModel\t: Raspberry Pi 4 Model B Rev 1.4\n",
            "proc/meminfo": "MemTotal:        3884376 kB\n",
            "proc/sys/kernel/osrelease": "6.1.0-rpi7-rpi-v8\n",
            "etc/os-release": 'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
            "sys/devices/system/cpu/online": "0-3\n",
            **_frequencies(dict.fromkeys(range(4), 1_800_000), "ondemand"),
        },
    )
    device = describe_device(root, environment={"INVOCATION_ID": "93d0"})
    assert device.board == "Raspberry Pi 4 Model B Rev 1.4"
    assert device.soc == "bcm2711"
    assert device.cpu.model == "Cortex-A72"
    assert device.cpu.core_count == 4
    assert device.cpu.clusters == (
        CpuCluster(core_indices=(0, 1, 2, 3), max_frequency_mhz=1_800.0, governor="ondemand", name="all"),
    )
    assert device.memory_bytes == 3_884_376 * 1024
    assert device.operating_system == "Debian GNU/Linux 12 (bookworm)"
    assert device.kernel == "Linux 6.1.0-rpi7-rpi-v8"
    assert device.execution_context.is_service
    assert device.execution_context.container is None


def test_the_clusters_of_a_phone_are_told_fastest_first(tmp_path: Path) -> None:
    parts = ["0xd05"] * 4 + ["0xd0d"] * 3 + ["0xd0d"]
    cpuinfo = "".join(
        f"processor\t: {index}\nCPU implementer\t: 0x41\nCPU part\t: {part}\n\n" for index, part in enumerate(parts)
    )
    maxima = [1_804_800] * 4 + [2_419_200] * 3 + [2_841_600]
    root = _record(
        tmp_path,
        {
            "proc/cpuinfo": cpuinfo + "Hardware\t: Qualcomm Technologies, Inc SM8250\n",
            "sys/devices/system/cpu/online": "0-7\n",
            **_frequencies(dict(enumerate(maxima)), "schedutil"),
        },
    )
    device = describe_device(root, environment={"PREFIX": "/data/data/com.termux/files/usr"})
    assert [(cluster.name, cluster.core_indices, cluster.max_frequency_mhz) for cluster in device.cpu.clusters] == [
        ("prime", (7,), 2_841.6),
        ("big", (4, 5, 6), 2_419.2),
        ("little", (0, 1, 2, 3), 1_804.8),
    ]
    assert device.cpu.model == "Cortex-A77 + Cortex-A55"
    assert device.soc == "Qualcomm Technologies, Inc SM8250"
    assert device.board is None
    assert device.operating_system == "Android"
    assert device.execution_context.is_termux


def test_a_virtual_machine_is_one_cluster_of_unknown_frequency(tmp_path: Path) -> None:
    cpuinfo = "".join(f"processor\t: {index}\nmodel name\t: AMD EPYC\n\n" for index in range(2))
    root = _record(tmp_path, {"proc/cpuinfo": cpuinfo, "sys/class/dmi/id/product_name": "Standard PC\n"})
    assert read_cpu(root).clusters == (CpuCluster(core_indices=(0, 1), name="all"),)
    assert read_cpu(root).model == "AMD EPYC"
    assert read_soc(root) is None
    assert describe_device(root, environment={}).board == "Standard PC"


def test_a_machine_that_tells_nothing_is_described_all_the_same(tmp_path: Path) -> None:
    device = describe_device(tmp_path, environment={})
    assert device.board is None and device.soc is None and device.memory_bytes is None
    assert device.cpu.model is None and device.cpu.clusters == ()
    assert device.cpu.core_count == os.cpu_count()


@pytest.mark.parametrize(
    ("files", "engine"),
    [
        ({}, None),
        ({".dockerenv": ""}, "docker"),
        ({"run/.containerenv": 'engine="podman-4.3.1"\n'}, "podman"),
        ({"run/systemd/container": "systemd-nspawn\n"}, "systemd-nspawn"),
        ({"proc/1/cgroup": "12:pids:/kubepods/besteffort/pod1\n"}, "kubernetes"),
        ({"proc/1/cgroup": "0::/init.scope\n"}, None),
    ],
)
def test_the_container_engine_is_recognised(files: Mapping[str, str], engine: str | None, tmp_path: Path) -> None:
    assert read_container(_record(tmp_path, files)) == engine


def _describe(environment: Mapping[str, str]) -> DeviceDescription:
    command = [sys.executable, "-m", "edgeprof_agent.device.info"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    return from_json(DeviceDescription, json.loads(printed))


def test_this_machine_describes_itself_and_its_runtimes_as_one_json_object() -> None:
    device = _describe({name: value for name, value in os.environ.items() if name != "EDGEPROF_SIMULATION"})
    assert device.cpu.core_count >= 1
    runtimes = {runtime.name: runtime for runtime in device.runtimes}
    assert list(runtimes) == ["litert", "ncnn", "onnxruntime", "openvino", "tflite"]
    assert runtimes["onnxruntime"].options[0].values[0] == "all"
    assert runtimes["tflite"].unavailable_reason


def _simulated(environment: Mapping[str, str]) -> RuntimeInfo:
    return next(runtime for runtime in _describe(environment).runtimes if runtime.name == "simulated")


def test_a_simulation_that_is_switched_on_is_listed_and_a_broken_one_says_why(tmp_path: Path) -> None:
    config_path = tmp_path / "device.json"
    environment = {**os.environ, "EDGEPROF_SIMULATION": str(config_path)}
    broken = _simulated(environment)
    assert broken.version is None
    assert broken.unavailable_reason is not None and str(config_path) in broken.unavailable_reason
    config_path.write_text('{"seed": 1}')
    assert _simulated(environment).providers == ("accelerator", "cpu")


def test_a_runtime_whose_engine_is_missing_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('no onnxruntime here')\n")
    described = _describe({**os.environ, "PYTHONPATH": str(tmp_path)}).runtimes
    runtime = next(item for item in described if item.name == "onnxruntime")
    assert runtime.version is None
    assert runtime.unavailable_reason is not None
    assert "pip install 'edgeprof[onnxruntime]'" in runtime.unavailable_reason
