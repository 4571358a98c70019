"""Several hosts at once on one PostgreSQL store, as the benchmark runs them, with fewer samples."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql_server import PostgreSqlServer

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "shared_store.py"


@pytest.mark.usefixtures("own_edgeprof_folders")
def test_four_hosts_that_onboard_eight_devices_at_once_lose_nothing_and_store_nothing_twice(
    postgresql_server: PostgreSqlServer, tmp_path: Path
) -> None:
    with postgresql_server.database() as address:
        output = tmp_path / "figures.json"
        command = [sys.executable, BENCHMARK, "--samples", "3", "--store", address, "--output", output]
        done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(figure["is_met"] for figure in json.loads(output.read_text())["figures"])
