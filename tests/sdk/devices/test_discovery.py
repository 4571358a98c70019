"""Devices found by zeroconf on loopback: one that announces itself, and nothing of one that does not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import edgeprof
from edgeprof.testing import SimulatedDevice

LOOPBACK = ("127.0.0.1",)


def test_a_device_is_found_where_its_owner_lets_it_announce_itself(
    shared_device: SimulatedDevice, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "edgeprof_agent", "serve", "--announce", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        [*command, "--data-dir", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as agent:
        assert agent.stdout is not None
        try:
            address = re.findall(r"listening on (\S+)", agent.stdout.readline())[0]
            found = {device.address: device for device in edgeprof.discover_devices(interfaces=LOOPBACK)}
        finally:
            agent.terminate()
    assert agent.returncode == 0
    assert found[address].version == edgeprof.__version__
    assert shared_device.address not in found


def test_without_zeroconf_both_ends_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zeroconf", None)
    with pytest.raises(edgeprof.EdgeprofError, match=re.escape("edgeprof[discovery]")):
        edgeprof.discover_devices()
    program = "import sys; sys.modules['zeroconf'] = None; from edgeprof_agent.__main__ import main; sys.exit(main())"
    arguments = ["serve", "--announce", "--listen", "127.0.0.1:0", "--data-dir", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode != 0
    assert "edgeprof[discovery]" in done.stderr and "Traceback" not in done.stderr
