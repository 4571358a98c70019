"""Machine time from a bare agent to a paired host, and the agent's idle memory with TLS before and after.

python benchmarks/pairing.py [--repeats 5]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SETTLE_S = 1.0
"""Time until memory is read, so that threads which start late are counted."""


def measure_once(folder: Path) -> tuple[float, float, float]:
    """Set up a device, pair this machine with it, and use the pairing once.

    Args:
        folder: For the files of both ends.

    Returns:
        Seconds of both commands together, from the start of `edgeprof-agent pair` to the end of `edgeprof pair`, and
        the agent's resident memory before and after in MiB.
    """
    agent = [sys.executable, "-m", "edgeprof_agent"]
    at = ["--data-dir", str(folder / "agent")]
    environment = {**os.environ, "EDGEPROF_PAIRINGS": str(folder / "pairings.json")}
    subprocess.run([*agent, "init", *at], check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen(
        [*agent, "serve", "--listen", "0.0.0.0:0", *at], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as serving:
        try:
            assert serving.stdout is not None
            address = f"127.0.0.1:{serving.stdout.readline().rpartition(':')[2].strip()}"
            before_mib = _resident_mib(serving.pid)
            start = time.perf_counter()
            with subprocess.Popen([*agent, "pair", *at], stdout=subprocess.PIPE, text=True) as showing:
                assert showing.stdout is not None
                code = showing.stdout.readline().removeprefix("code: ")
                host = [sys.executable, "-m", "edgeprof", "pair", address]
                subprocess.run(host, check=True, input=code, text=True, env=environment, stdout=subprocess.DEVNULL)
                showing.wait()
            pairing_s = time.perf_counter() - start
            return pairing_s, before_mib, _resident_mib(serving.pid)
        finally:
            serving.terminate()


def _resident_mib(pid: int) -> float:
    time.sleep(SETTLE_S)
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024


def main() -> None:
    """Print the figures of several pairings."""
    parser = argparse.ArgumentParser(description="Machine time of a pairing, and the agent's memory around it.")
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    figures = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            figures.append(measure_once(Path(folder)))
    pairing_s, before_mib, after_mib = zip(*figures, strict=True)
    print(f"both commands   median {statistics.median(pairing_s):.2f} s, worst {max(pairing_s):.2f} s (asked: 5)")
    for name, values in (("before", before_mib), ("after", after_mib)):
        print(f"idle, {name:8}  median {statistics.median(values):.1f} MiB, worst {max(values):.1f} MiB (asked: 45)")


if __name__ == "__main__":
    main()
