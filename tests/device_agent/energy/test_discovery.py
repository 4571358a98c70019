"""Sensors in file trees as boards have them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from edgeprof_agent.doctor.energy import check_energy
from edgeprof_agent.energy.discovery import find_sensors
from edgeprof_proto.records.check import CheckLevel

POWERCAP = "sys/class/powercap"
HWMON = "sys/class/hwmon"
BATTERY = "sys/class/power_supply/BAT0"

LAPTOP = {
    f"{POWERCAP}/intel-rapl/enabled": "1\n",
    f"{POWERCAP}/intel-rapl:0/name": "package-0\n",
    f"{POWERCAP}/intel-rapl:0/energy_uj": "62134567890\n",
    f"{POWERCAP}/intel-rapl:0/max_energy_range_uj": "262143328850\n",
    f"{POWERCAP}/intel-rapl:0:0/name": "core\n",
    f"{POWERCAP}/intel-rapl:0:0/energy_uj": "41000000\n",
    f"{POWERCAP}/intel-rapl:0:0/max_energy_range_uj": "262143328850\n",
    f"{POWERCAP}/intel-rapl:1/name": "psys\n",
    f"{POWERCAP}/intel-rapl:1/energy_uj": "99000000\n",
    f"{POWERCAP}/intel-rapl:1/max_energy_range_uj": "262143328850\n",
    f"{POWERCAP}/intel-rapl-mmio:0/name": "package-0\n",
    f"{POWERCAP}/intel-rapl-mmio:0/energy_uj": "62134567890\n",
    f"{BATTERY}/type": "Battery\n",
    f"{BATTERY}/status": "Discharging\n",
    f"{BATTERY}/power_now": "8456000\n",
    f"{BATTERY}/energy_now": "41230000\n",
}
JETSON_ORIN = {
    f"{HWMON}/hwmon0/name": "tmp451\n",
    f"{HWMON}/hwmon0/temp1_input": "45000\n",
    f"{HWMON}/hwmon1/name": "ina3221\n",
    **{
        f"{HWMON}/hwmon1/{name}": text
        for channel, rail, millivolt, milliampere in (
            (1, "VDD_IN", 5_056, 960),
            (2, "VDD_CPU_GPU_CV", 5_048, 120),
            (3, "VDD_SOC", 5_048, 280),
        )
        for name, text in (
            (f"in{channel}_label", f"{rail}\n"),
            (f"in{channel}_enable", "1\n"),
            (f"in{channel}_input", f"{millivolt}\n"),
            (f"curr{channel}_input", f"{milliampere}\n"),
            (f"shunt{channel}_resistor", "5000\n"),
        )
    },
    # The sum of the shunts has a current and no voltage.
    f"{HWMON}/hwmon1/in7_label": "sum of shunt voltages\n",
    f"{HWMON}/hwmon1/curr4_input": "1360\n",
}
BOARD_WITH_INA226 = {
    f"{HWMON}/hwmon2/name": "ina226\n",
    f"{HWMON}/hwmon2/power1_input": "3225000\n",
    f"{HWMON}/hwmon2/shunt_resistor": "10000\n",
    f"{HWMON}/hwmon2/curr1_input": "645\n",
    f"{HWMON}/hwmon2/in1_input": "5000\n",
}
PHONE = {
    "sys/class/power_supply/battery/type": "Battery\n",
    "sys/class/power_supply/battery/status": "Discharging\n",
    "sys/class/power_supply/battery/current_now": "-412000\n",
    "sys/class/power_supply/battery/voltage_now": "3900000\n",
    "sys/class/power_supply/usb/type": "USB\n",
}


@pytest.fixture
def root(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    files: Mapping[str, str] = request.param
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("root", "told"),
    [
        (
            LAPTOP,
            {
                "RAPL psys": 99_000.0,
                "RAPL package-0": 62_134_567.89,
                "RAPL package-0/core": 41_000.0,
                "battery BAT0": 8_456.0,
            },
        ),
        (
            JETSON_ORIN,
            {"ina3221 VDD_IN": 4_853.76, "ina3221 VDD_CPU_GPU_CV": 605.76, "ina3221 VDD_SOC": 1_413.44},
        ),
        (BOARD_WITH_INA226, {"ina226 power1": 3_225.0}),
        (PHONE, {"battery battery": 1_606.8}),
        ({**PHONE, "sys/class/power_supply/battery/status": "Charging\n"}, {}),
        (
            {f"{BATTERY}/type": "Battery", f"{BATTERY}/status": "Discharging", f"{BATTERY}/energy_now": "1000"},
            {"battery BAT0": 3_600.0},
        ),
        ({f"{HWMON}/hwmon0/name": "ina226", f"{HWMON}/hwmon0/power1_input": "much"}, {}),
        (
            {**JETSON_ORIN, f"{HWMON}/hwmon1/in1_enable": "0"},
            {"ina3221 VDD_CPU_GPU_CV": 605.76, "ina3221 VDD_SOC": 1_413.44},
        ),
        ({}, {}),
    ],
    indirect=["root"],
)
def test_sensors_are_found_those_of_the_whole_device_first(root: Path, told: dict[str, float]) -> None:
    sensors = find_sensors(root)
    assert [sensor.name for sensor in sensors] == list(told)
    assert [sensor.read() for sensor in sensors] == pytest.approx(list(told.values()))


@pytest.mark.parametrize("root", [{**LAPTOP, **JETSON_ORIN, **BOARD_WITH_INA226}], indirect=True)
def test_what_is_known_of_a_sensor_comes_with_it(root: Path) -> None:
    by_name = {sensor.name: sensor for sensor in find_sensors(root)}
    package = by_name["RAPL package-0"]
    assert package.is_counter and package.wrap_mj == pytest.approx(262_143_328.85) and package.resolution > 0
    # 2.5 microvolts over 10 milliohms are 0.25 mA, and the power has steps 25 times that.
    assert by_name["ina226 power1"].resolution == pytest.approx(6.25)
    # 40 microvolts over 5 milliohms are 8 mA.
    assert by_name["ina3221 VDD_IN"].resolution == pytest.approx(8 * 5.056)


@pytest.mark.parametrize(
    "root",
    [
        {
            f"{HWMON}/hwmon{number}/{name}": text
            for number in (1, 2)
            for name, text in (("name", "ina226"), ("power1_input", "1"))
        }
    ],
    indirect=True,
)
def test_sensors_of_one_name_are_told_apart(root: Path) -> None:
    assert [sensor.name for sensor in find_sensors(root)] == ["ina226 power1 (hwmon1)", "ina226 power1 (hwmon2)"]


@pytest.mark.parametrize("root", [JETSON_ORIN], indirect=True)
def test_the_doctor_names_the_sensors_and_says_what_to_do_about_counters_for_root_alone(root: Path) -> None:
    check = check_energy(root)
    assert check.level is CheckLevel.GOOD and "ina3221 VDD_IN" in check.finding
    # A folder cannot be read as a file by anyone, not even by root, who runs these tests.
    (root / POWERCAP / "intel-rapl:0/energy_uj").mkdir(parents=True)
    check = check_energy(root)
    assert check.level is CheckLevel.WARNING and "VDD_IN" in check.finding and "root alone" in check.finding
    assert "chmod a+r" in check.remedy
    assert find_sensors(root)[0].name == "ina3221 VDD_IN"


def test_the_doctor_of_a_device_without_sensors_says_so(tmp_path: Path) -> None:
    assert check_energy(tmp_path).level is CheckLevel.NOT_REPORTED
