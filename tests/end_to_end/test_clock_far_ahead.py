"""A board and a host whose clocks stand at the year 2090: pairing, TLS, measuring and the store."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate
from factories import model_of

from edgeprof.testing import SimulationConfig
from edgeprof_predictor.spaces import get_space

AGENT = [sys.executable, "-m", "edgeprof_agent"]
HOST = [sys.executable, "-m", "edgeprof"]
YEAR = datetime.now().year + 64
COMPILER = shutil.which("cc")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables of processes whose time of day is 64 years ahead, with folders of their own."""
    library = tmp_path / "clock_ahead.so"
    source = Path(__file__).with_name("clock_ahead.c")
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    SimulationConfig().write(tmp_path / "simulation.json")
    return {
        **os.environ,
        "LD_PRELOAD": str(library),
        "EDGEPROF_PAIRINGS": str(tmp_path / "pairings.json"),
        "EDGEPROF_STORE": str(tmp_path / "store.sqlite3"),
        "EDGEPROF_CACHE": str(tmp_path / "cache"),
        "EDGEPROF_SIMULATION": str(tmp_path / "simulation.json"),
        "EDGEPROF_AGENT_DATA_DIR": str(tmp_path / "agent"),
        "EDGEPROF_AGENT_DISK_RESERVE_BYTES": "0",
        "EDGEPROF_AGENT_WORKER_VARIABLES": "LD_PRELOAD,EDGEPROF_SIMULATION",
    }


@contextlib.contextmanager
def paired_agent(environment: dict[str, str]) -> Iterator[str]:
    """An agent with TLS that is paired with the host; its address."""
    subprocess.run([*AGENT, "init"], env=environment, check=True, capture_output=True)
    serve = [*AGENT, "serve", "--listen", "0.0.0.0:0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, env=environment, text=True) as agent:
        try:
            assert agent.stdout is not None
            address = f"127.0.0.1:{agent.stdout.readline().rpartition(':')[2].strip()}"
            with subprocess.Popen([*AGENT, "pair"], stdout=subprocess.PIPE, env=environment, text=True) as showing:
                assert showing.stdout is not None
                code = showing.stdout.readline().removeprefix("code: ").replace(" ", "").strip()
                paired = subprocess.run([*HOST, "pair", address], input=code, env=environment, text=True, timeout=60)
                assert paired.returncode == 0 and showing.wait(20) == 0
            yield address
        finally:
            agent.terminate()


@pytest.mark.skipif(COMPILER is None, reason="sets the clock of a process with a library of its own: needs cc")
def test_a_clock_in_2090_is_no_obstacle(environment: dict[str, str], tmp_path: Path) -> None:
    space = get_space("nasbench201")
    model = model_of(space, space.sample(1, seed=0)[0])

    def host(*arguments: str) -> str:
        done = subprocess.run([*HOST, *arguments], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    with paired_agent(environment) as address:
        setting = ("--device", address, "--runtime", "simulated")
        measured = json.loads(host("benchmark", str(model), *setting, "--effort", "quick", "--json"))
        assert datetime.fromtimestamp(measured["measurement"]["start_time"], timezone.utc).year == YEAR
        host("onboard", *setting, "--space", "nasbench201", "--samples", "3", "-o", str(tmp_path / "board.edgeprof"))
        listed = host("jobs", address)
        assert re.search(rf"succeeded +{YEAR}-\d\d-\d\d", listed)
        host("devices", address)
        # Both clocks agree.
        assert "clock" in host("doctor", address)
    pairings = json.loads((tmp_path / "pairings.json").read_text())
    for pem in (pairings["certificate"], *pairings["devices"].values()):
        certificate = load_pem_x509_certificate(pem.encode())
        assert certificate.not_valid_before_utc.year == 1970 and certificate.not_valid_after_utc.year == 9999
