"""Memory of an idle agent, and the time until it is ready.

python benchmarks/agent_footprint.py [--repeats 5]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTLE_S = 1.0
"""Time after the agent is ready until its memory is read, so that threads which start late are counted."""


def measure_once(data_dir: str) -> tuple[float, float]:
    """Start an agent, and stop it again.

    Args:
        data_dir: Folder for the agent.

    Returns:
        Seconds from the start of the process to its line on stdout, and its resident memory in MiB.
    """
    command = (sys.executable, "-m", "edgeprof_agent", "serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir)
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as agent:
        try:
            assert agent.stdout is not None
            agent.stdout.readline()
            ready_s = time.perf_counter() - start
            time.sleep(SETTLE_S)
            status = dict(line.split(":", 1) for line in Path(f"/proc/{agent.pid}/status").read_text().splitlines())
        finally:
            agent.terminate()
    return ready_s, int(status["VmRSS"].split()[0]) / 1024


def main() -> None:
    """Print both figures of several starts."""
    parser = argparse.ArgumentParser(description="Memory of an idle agent, and the time until it is ready.")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as data_dir:
        ready_s, memory_mib = zip(*(measure_once(data_dir) for _ in range(repeats)), strict=True)
    print(
        f"ready after     median {statistics.median(ready_s):.2f} s, worst {max(ready_s):.2f} s of {repeats} (asked: 1)"
    )
    print(
        f"idle, resident  median {statistics.median(memory_mib):.1f} MiB, "
        f"worst {max(memory_mib):.1f} MiB of {repeats} (asked: 40)"
    )


if __name__ == "__main__":
    main()
