"""Memory of an idle agent, the time until it is ready, and what its metrics take once they were read.

python benchmarks/agent_footprint.py [--repeats 5] [--agent COMMAND] [--output FILE]
"""

import argparse
import re
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from agent_process import add_agent_option, end_in_order_on_sigterm, running_agent
from figures import Figure, add_output_option, conclude

SETTLE_S = 1.0
"""Time after the agent is ready until its memory is read, so that threads which start late are counted."""


READING_COUNT = 20
"""Readings of the metrics before the memory is read, so that what the first ones import and keep is counted."""


def measure_once(folder: Path, command: str, *, has_metrics: bool = False) -> tuple[float, float]:
    """Start an agent, and stop it again.

    Args:
        folder: Folder for the agent.
        command: Its command line.
        has_metrics: Whether it is to serve metrics, which are read before its memory is.

    Returns:
        Seconds from the start of the process to its line on stdout, and its resident memory in MiB.
    """
    with running_agent(folder, f"{command} --metrics 127.0.0.1:0" if has_metrics else command) as agent:
        time.sleep(SETTLE_S)
        if has_metrics:
            log = folder.with_name(folder.name + ".log").read_text()
            (url,) = re.findall(r"metrics on (http://\S+)", log)
            for _ in range(READING_COUNT):
                with urllib.request.urlopen(url) as answer:
                    assert answer.read().startswith(b"# HELP")
        return agent.ready_s, agent.vitals().memory_mib


def main() -> int:
    """Print the figures of several starts."""
    parser = argparse.ArgumentParser(description="Memory of an idle agent and its metrics; time until it is ready.")
    parser.add_argument("--repeats", type=int, default=5)
    add_agent_option(parser)
    add_output_option(parser)
    arguments = parser.parse_args()
    end_in_order_on_sigterm()
    with tempfile.TemporaryDirectory() as folder:
        found, with_metrics_mib = [], []
        for _ in range(arguments.repeats):  # by turns, so that both see the same machine
            found.append(measure_once(Path(folder) / "agent", arguments.agent))
            with_metrics_mib.append(measure_once(Path(folder) / "agent", arguments.agent, has_metrics=True)[1])
    ready_s, memory_mib = zip(*found, strict=True)
    additional_mib = statistics.median(with_metrics_mib) - statistics.median(memory_mib)
    figures = [
        Figure(
            name="ready after",
            measured=f"median {statistics.median(ready_s):.2f} s, worst {max(ready_s):.2f} s of {len(found)}",
            asked="1 s",
            is_met=statistics.median(ready_s) <= 1.0,
        ),
        Figure(
            name="idle, resident",
            measured=f"median {statistics.median(memory_mib):.1f} MiB, worst {max(memory_mib):.1f} MiB of {len(found)}",
            asked="40 MiB",
            is_met=statistics.median(memory_mib) <= 40.0,
        ),
        Figure(
            name=f"metrics, after {READING_COUNT} readings, additional",
            measured=f"{additional_mib:.2f} MiB between the medians of {len(found)}",
            asked="2 MiB",
            is_met=additional_mib <= 2.0,
        ),
    ]
    details = {"ready_s": ready_s, "memory_mib": memory_mib, "with_metrics_mib": with_metrics_mib}
    return conclude(figures, details, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
