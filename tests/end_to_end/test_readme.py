"""What the README shows works as it stands there."""

import re
import shutil
import subprocess
import sys
from importlib.metadata import entry_points, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


# It runs a pytest of its own, which onboards a device.
@pytest.mark.timeout(400)
def test_the_test_of_a_users_own_script_passes_as_it_is_printed(tmp_path: Path) -> None:
    (block,) = (code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "def test_" in code)
    (tmp_path / "test_of_a_user.py").write_text(block)
    # With it the networks that were exported before are there.
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_every_verb_that_the_readme_names_is_one() -> None:
    from edgeprof.cli.main import VERBS

    named = set(re.findall(r"`edgeprof (\w+)", README))
    assert named <= set(VERBS)
    assert {"devices", "benchmark", "onboard", "predict", "verify", "demo"} <= named


def test_scripts_that_the_readme_names_are_there() -> None:
    for name in re.findall(r"scripts/\w+", README):
        assert (ROOT / name).exists(), name


def test_a_device_installs_nothing_that_only_the_host_needs() -> None:
    always = [item for item in requires("edgeprof") or () if "extra ==" not in item]
    names = {re.split(r"[ <>=!\[;]", item)[0].lower() for item in always}
    assert names == {"cryptography", "grpcio", "grpcio-health-checking", "protobuf", "spake2"}


def test_both_commands_and_both_runtimes_are_installed() -> None:
    assert {"edgeprof", "edgeprof-agent"} <= {item.name for item in entry_points(group="console_scripts")}
    assert {"onnxruntime", "simulated"} <= {item.name for item in entry_points(group="edgeprof.runtimes")}
