from collections.abc import Mapping
from pathlib import Path

import pytest

from edgeprof_agent.conditions import (
    hottest_celsius,
    read_conditions,
    read_core_wait_ms,
    read_flags,
    read_online_core_indices,
    read_peak_memory_bytes,
    read_temperatures,
    read_thread_cores,
    read_thread_work_ns,
)
from edgeprof_agent.conditions.raspberry_pi import read_throttling_flags
from edgeprof_proto.records.measurement import Conditions, Temperature


def _record(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def _core(index: int, *, frequency_khz: int, governor: str) -> dict[str, str]:
    folder = f"sys/devices/system/cpu/cpu{index}/cpufreq"
    return {f"{folder}/scaling_cur_freq": f"{frequency_khz}\n", f"{folder}/scaling_governor": f"{governor}\n"}


def test_a_raspberry_pi_tells_all_of_it(tmp_path: Path) -> None:
    root = _record(
        tmp_path,
        {
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "61830\n",
            "sys/devices/system/cpu/online": "0-3\n",
            **{k: v for i in range(4) for k, v in _core(i, frequency_khz=1_500_000, governor="ondemand").items()},
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
            "proc/loadavg": "0.42 0.30 0.11 1/140 1234\n",
            "proc/meminfo": "MemTotal:        3884376 kB\nMemFree:  2500000 kB\nMemAvailable:    3000000 kB\n",
        },
    )
    assert read_conditions(root) == Conditions(
        temperatures=(Temperature(zone="cpu-thermal", temperature_celsius=61.83),),
        core_frequencies_mhz=(1_500.0,) * 4,
        governors=("ondemand",) * 4,
        throttling_flags=("under-voltage", "throttled", "under-voltage-has-occurred", "throttled-has-occurred"),
        has_throttling_flags=True,
        load_average_1m=0.42,
        available_memory_bytes=3_000_000 * 1024,
        core_indices=(0, 1, 2, 3),
    )


def test_a_phone_with_a_sleeping_core_and_a_dead_sensor_tells_the_rest(tmp_path: Path) -> None:
    zones = {"2": ("battery", "31000"), "0": ("cpu-0-0", "48200"), "10": ("skin", "36500"), "1": ("modem", "-274000")}
    root = _record(
        tmp_path,
        {
            **{f"sys/class/thermal/thermal_zone{number}/type": f"{zone}\n" for number, (zone, _) in zones.items()},
            **{f"sys/class/thermal/thermal_zone{number}/temp": f"{temp}\n" for number, (_, temp) in zones.items()},
            "sys/class/thermal/thermal_zone11/type": "no temperature\n",
            "sys/devices/system/cpu/online": "0,4-5\n",
            **_core(0, frequency_khz=600_000, governor="schedutil"),
            **_core(4, frequency_khz=1_900_000, governor="schedutil"),
            **_core(5, frequency_khz=2_400_000, governor="performance"),
        },
    )
    assert read_conditions(root) == Conditions(
        temperatures=(
            Temperature(zone="cpu-0-0", temperature_celsius=48.2),
            Temperature(zone="battery", temperature_celsius=31.0),
            Temperature(zone="skin", temperature_celsius=36.5),
        ),
        core_frequencies_mhz=(600.0, 1_900.0, 2_400.0),
        governors=("schedutil", "schedutil", "performance"),
        core_indices=(0, 4, 5),
    )


def test_a_machine_that_tells_nothing_is_reported_as_telling_nothing(tmp_path: Path) -> None:
    assert read_conditions(tmp_path) == Conditions()
    assert read_peak_memory_bytes(tmp_path) is None
    assert read_core_wait_ms(tmp_path) is None


def test_rubbish_is_not_taken_for_numbers(tmp_path: Path) -> None:
    root = _record(
        tmp_path,
        {
            "sys/class/thermal/thermal_zone0/type": "cpu\n",
            "sys/class/thermal/thermal_zone0/temp": "warm\n",
            "sys/devices/system/cpu/online": "all\n",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "maybe\n",
            "proc/loadavg": "\n",
            "proc/meminfo": "MemAvailable: plenty\nMemTotal\n",
        },
    )
    assert read_conditions(root) == Conditions()


def test_frequencies_are_reported_for_all_online_cores_or_for_none(tmp_path: Path) -> None:
    core = _core(0, frequency_khz=600_000, governor="ondemand")
    root = _record(tmp_path, {"sys/devices/system/cpu/online": "0-1\n", **core})
    assert read_conditions(root) == Conditions()


@pytest.mark.parametrize(
    ("text", "indices"),
    [("0-3\n", (0, 1, 2, 3)), ("0\n", (0,)), ("0,2-3,7\n", (0, 2, 3, 7)), ("\n", ()), ("0-\n", (0,))],
)
def test_online_cores_are_read_from_the_kernels_list(text: str, indices: tuple[int, ...], tmp_path: Path) -> None:
    assert read_online_core_indices(_record(tmp_path, {"sys/devices/system/cpu/online": text})) == indices


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("0\n", ()),
        ("0x4\n", ("throttled",)),
        ("8\n", ("soft-temperature-limit",)),
        ("20000\n", ("frequency-capped-has-occurred",)),
    ],
)
def test_throttling_flags_are_read_bit_by_bit(text: str, flags: tuple[str, ...], tmp_path: Path) -> None:
    path = "sys/devices/platform/soc/soc:firmware/get_throttled"
    assert read_throttling_flags(_record(tmp_path, {path: text})) == flags


def test_time_waited_for_a_core_is_summed_over_the_threads(tmp_path: Path) -> None:
    files = {"proc/self/task/7/schedstat": "97693 2795001 2\n", "proc/self/task/8/schedstat": "5 1204999 1\n"}
    assert read_core_wait_ms(_record(tmp_path, files)) == 4.0


def test_zones_of_this_machine_can_be_read() -> None:
    assert all(zone.temperature_celsius > -273.15 for zone in read_temperatures())


def test_a_cooling_device_that_computes_less_is_a_thermal_limit_and_a_fan_is_none(tmp_path: Path) -> None:
    folder = "sys/class/thermal/cooling_device"
    fan = {f"{folder}0/type": "pwm-fan\n", f"{folder}0/cur_state": "3\n"}
    assert not read_conditions(_record(tmp_path / "fan", fan)).has_throttling_flags
    cpu = {f"{folder}1/type": "thermal-cpufreq-0\n", f"{folder}1/cur_state": "0\n"}
    cold = read_conditions(_record(tmp_path / "cold", {**fan, **cpu}))
    assert cold.has_throttling_flags and cold.throttling_flags == ()
    hot = read_conditions(_record(tmp_path / "hot", {**fan, **cpu, f"{folder}1/cur_state": "2\n"}))
    assert hot.throttling_flags == ("thermal-limit",)


def _limited_core(index: int, *, allowed_khz: int, possible_khz: int) -> dict[str, str]:
    folder = f"sys/devices/system/cpu/cpu{index}/cpufreq"
    return {f"{folder}/scaling_max_freq": f"{allowed_khz}\n", f"{folder}/cpuinfo_max_freq": f"{possible_khz}\n"}


def test_a_frequency_limit_is_a_number_and_no_flag_whoever_has_set_it(tmp_path: Path) -> None:
    online = {"sys/devices/system/cpu/online": "0-1\n"}
    free = _limited_core(0, allowed_khz=1_800_000, possible_khz=1_800_000)
    limited = _limited_core(1, allowed_khz=1_200_000, possible_khz=1_800_000)
    read = read_conditions(_record(tmp_path, {**online, **free, **limited}))
    assert read.core_frequency_limits_mhz == (1_800.0, 1_200.0) and read.core_indices == (0, 1)
    assert read.throttling_flags == () and not read.has_throttling_flags


def test_a_jetsons_power_mode_is_named_and_its_frequency_limit_is_no_fault(tmp_path: Path) -> None:
    root = _record(
        tmp_path,
        {
            "var/lib/nvpmodel/status": "pmode:0002 fmode:quiet\n",
            "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=MAXN >\nCPU_ONLINE CORE_0 1\n< POWER_MODEL ID=2 NAME=15W >\n",
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            "sys/class/thermal/thermal_zone0/temp": "47000\n",
            "sys/class/thermal/cooling_device0/type": "cpufreq-cpu0\n",
            "sys/class/thermal/cooling_device0/cur_state": "0\n",
            "sys/class/hwmon/hwmon2/name": "soctherm_oc\n",
            "sys/class/hwmon/hwmon2/oc1_event_cnt": "0\n",
            "sys/class/hwmon/hwmon2/oc3_event_cnt": "7\n",
            "sys/devices/system/cpu/online": "0\n",
            **_core(0, frequency_khz=1_190_400, governor="schedutil"),
            **_limited_core(0, allowed_khz=1_190_400, possible_khz=2_201_600),
        },
    )
    assert read_conditions(root) == Conditions(
        temperatures=(Temperature(zone="cpu-thermal", temperature_celsius=47.0),),
        core_frequencies_mhz=(1_190.4,),
        governors=("schedutil",),
        has_throttling_flags=True,
        power_mode="15W",
        throttling_event_count=7,
        core_indices=(0,),
        core_frequency_limits_mhz=(1_190.4,),
    )


def test_a_power_mode_without_a_configuration_keeps_its_number(tmp_path: Path) -> None:
    assert read_conditions(_record(tmp_path, {"var/lib/nvpmodel/status": "pmode:0003\n"})).power_mode == "3"


def test_a_phone_in_termux_tells_the_batterys_temperature_once_and_it_is_not_the_processors(tmp_path: Path) -> None:
    battery = {"sys/class/power_supply/battery/temp": "314\n"}
    read = read_conditions(_record(tmp_path / "battery", battery))
    assert read.temperatures == (Temperature(zone="battery", temperature_celsius=31.4),)
    assert hottest_celsius(read) is None
    zone = {"sys/class/thermal/thermal_zone0/type": "battery\n", "sys/class/thermal/thermal_zone0/temp": "31000\n"}
    both = read_conditions(_record(tmp_path / "both", {**battery, **zone}))
    assert both.temperatures == (Temperature(zone="battery", temperature_celsius=31.0),)


def test_an_x86_processor_counts_its_own_throttling(tmp_path: Path) -> None:
    counts = {f"sys/devices/system/cpu/cpu{i}/thermal_throttle/core_throttle_count": f"{3 * i}\n" for i in range(3)}
    root = _record(tmp_path, {"sys/devices/system/cpu/online": "0-2\n", **counts})
    read = read_conditions(root)
    assert read.throttling_event_count == 9
    assert read.core_throttling_event_counts == (0, 3, 6) and read.core_indices == (0, 1, 2)


def test_a_kernel_without_the_raspberry_pis_patches_tells_under_voltage_alone(tmp_path: Path) -> None:
    folder = "sys/class/hwmon/hwmon1"
    root = _record(tmp_path, {f"{folder}/name": "rpi_volt\n", f"{folder}/in0_lcrit_alarm": "1\n"})
    assert read_throttling_flags(root) == ("under-voltage",)
    _record(tmp_path, {f"{folder}/in0_lcrit_alarm": "0\n"})
    # It tells nothing of heat, so nothing is claimed while the voltage is right.
    assert read_flags(root) is None and not read_conditions(root).has_throttling_flags


def test_a_raspberry_pi_5_keeps_its_flags_under_another_name(tmp_path: Path) -> None:
    folder = "sys/devices/platform/soc@107c000000/soc@107c000000:firmware"
    assert read_flags(_record(tmp_path, {f"{folder}/get_throttled": "80008\n"})) == (
        "soft-temperature-limit",
        "soft-temperature-limit-has-occurred",
    )


def test_idle_cooling_devices_of_a_raspberry_pi_say_nothing_since_its_firmware_throttles(tmp_path: Path) -> None:
    cooler = "sys/class/thermal/cooling_device0"
    idle = {f"{cooler}/type": "cpufreq-cpu0\n", f"{cooler}/cur_state": "0\n"}
    board = {"proc/device-tree/compatible": "raspberrypi,5-model-b\0brcm,bcm2712\0"}
    assert read_flags(_record(tmp_path / "pi", {**idle, **board})) is None
    assert read_flags(_record(tmp_path / "other", idle)) == ()
    assert read_flags(_record(tmp_path / "pi", {f"{cooler}/cur_state": "1\n"})) == ("thermal-limit",)


def test_a_cooling_device_names_the_cores_that_it_holds_back(tmp_path: Path) -> None:
    thermal, cpu = "sys/class/thermal/cooling_device", "sys/devices/system/cpu"
    root = _record(
        tmp_path,
        {
            f"{thermal}0/type": "cpufreq-cpu0\n",
            f"{thermal}0/cur_state": "0\n",
            f"{thermal}1/type": "cpufreq-cpu4\n",
            f"{thermal}1/cur_state": "2\n",
            f"{cpu}/cpu4/cpufreq/related_cpus": "4 5 6\n",
            f"{thermal}2/type": "thermal-devfreq-0\n",
            f"{thermal}2/cur_state": "1\n",
            f"{thermal}3/type": "gpu\n",
            f"{thermal}3/cur_state": "1\n",
        },
    )
    assert read_flags(root) == ("thermal-limit-cores-4,5,6", "thermal-limit-devfreq", "thermal-limit-gpu")


def test_the_core_of_each_thread_is_read_whatever_its_name(tmp_path: Path) -> None:
    rest = " ".join(["S", *["0"] * 35, "5", "0"])
    files = {"proc/self/task/7/stat": f"7 (a) b (c)) {rest}\n", "proc/self/task/8/stat": "8 (short) S 1\n"}
    assert read_thread_cores(_record(tmp_path, files)) == {"7": 5}
    assert read_thread_cores(), "on this machine"


def test_work_of_each_thread_is_read(tmp_path: Path) -> None:
    files = {"proc/self/task/7/schedstat": "97693 2795001 2\n", "proc/self/task/8/schedstat": "5 1204999 1\n"}
    assert read_thread_work_ns(_record(tmp_path, files)) == {"7": 97693, "8": 5}
    assert read_thread_work_ns(tmp_path / "nowhere") is None
