"""A host outside the checkout: the wheel with the extra `host`, and the parts of the demo one after the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from installed_wheel.environment import Environment

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("edgeprof", "edgeprof_agent", "edgeprof_predictor", "edgeprof_proto")
NEED_MORE = (
    "edgeprof.testing.pytest_plugin",
    "edgeprof_predictor.search.optuna_objective",
    "edgeprof_predictor.search.pymoo_problem",
)
"""These need what only their users install: pytest, Optuna and pymoo."""

ARCHITECTURES = (
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|",
    "|skip_connect~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
)
SAMPLE_COUNT = 3
UNSEEN_COUNT = 3

# Measuring takes as long as the machine is disturbed.
pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Onboarded:
    """What `edgeprof onboard` has left and said."""

    profile: Path
    report: dict[str, Any]


@pytest.fixture(scope="module")
def onboarded(host: Environment, address: str) -> Onboarded:
    profile = host.work_folder / "board.edgeprof"
    arguments = ("--device", address, "--samples", str(SAMPLE_COUNT), "--output", str(profile), "--json")
    return Onboarded(profile, host.json("edgeprof", "onboard", *arguments))


def test_all_four_packages_come_from_the_wheel(host: Environment) -> None:
    program = "import importlib, sys\nfor name in sys.argv[1:]: print(importlib.import_module(name).__file__)"
    files = [Path(line) for line in host.python(program, *PACKAGES).splitlines()]
    assert len(files) == len(PACKAGES)
    for file in files:
        assert file.is_relative_to(host.folder), file


def test_no_folder_of_sources_is_searched_for_modules(host: Environment) -> None:
    searched = host.python("import sys; print(*sys.path, sep='\\n')").splitlines()
    for folder in filter(None, searched):
        assert not Path(folder).resolve().is_relative_to(ROOT), folder


def test_only_the_wheel_is_installed_as_edgeprof(host: Environment) -> None:
    program = (
        "from importlib.metadata import distributions\n"
        "print(*(found.locate_file('') for found in distributions() if found.metadata['Name'] == 'edgeprof'))"
    )
    (folder,) = host.python(program).split()
    assert Path(folder).is_relative_to(host.folder)


def test_every_module_can_be_imported(host: Environment) -> None:
    modules = host.imported_modules(PACKAGES, without=NEED_MORE)
    assert len(modules) > 200


def test_the_commands_tell_the_version_of_the_wheel(host: Environment, wheel: Path) -> None:
    version = wheel.name.split("-")[1]
    assert host.run("edgeprof", "--version").stdout == f"edgeprof, version {version}\n"


def test_the_host_meets_the_device(host: Environment, address: str) -> None:
    (known,) = host.json("edgeprof", "devices", address, "--json")
    assert known["address"] == address
    runtimes = {runtime["name"]: runtime for runtime in known["device"]["runtimes"]}
    assert runtimes["onnxruntime"]["version"]
    assert "pip install 'edgeprof[litert]'" in runtimes["litert"]["unavailable_reason"]


def test_three_networks_are_measured(onboarded: Onboarded) -> None:
    assert len(onboarded.report["samples"]) == SAMPLE_COUNT
    assert onboarded.report["failures"] == []
    assert onboarded.profile.exists()


def test_others_are_predicted_without_them(onboarded: Onboarded, host: Environment) -> None:
    slow, fast = host.json("edgeprof", "predict", onboarded.profile, *ARCHITECTURES, "--json")
    for row in (slow, fast):
        assert 0 < row["lower_ms"] < row["latency_ms"] < row["upper_ms"]
    assert fast["latency_ms"] < slow["latency_ms"]


def test_unseen_networks_are_measured_and_compared(onboarded: Onboarded, host: Environment, address: str) -> None:
    count = ("--count", str(UNSEEN_COUNT))
    figures = host.json("edgeprof", "verify", onboarded.profile, "--device", address, *count, "--json")
    assert len(figures["architectures"]) == UNSEEN_COUNT
    assert 0 <= figures["median_ape"] < 1
    assert Path(figures["picture"]).read_bytes().startswith(b"\x89PNG")
