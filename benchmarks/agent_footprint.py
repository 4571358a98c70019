"""Memory of an idle agent, and the time until it is ready.

python benchmarks/agent_footprint.py [--repeats 5] [--agent COMMAND] [--output FILE]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from agent_process import add_agent_option, end_in_order_on_sigterm, running_agent
from figures import Figure, add_output_option, conclude

SETTLE_S = 1.0
"""Time after the agent is ready until its memory is read, so that threads which start late are counted."""


def measure_once(folder: Path, command: str) -> tuple[float, float]:
    """Start an agent, and stop it again.

    Args:
        folder: Folder for the agent.
        command: Its command line.

    Returns:
        Seconds from the start of the process to its line on stdout, and its resident memory in MiB.
    """
    with running_agent(folder, command) as agent:
        time.sleep(SETTLE_S)
        return agent.ready_s, agent.vitals().memory_mib


def main() -> int:
    """Print both figures of several starts."""
    parser = argparse.ArgumentParser(description="Memory of an idle agent, and the time until it is ready.")
    parser.add_argument("--repeats", type=int, default=5)
    add_agent_option(parser)
    add_output_option(parser)
    arguments = parser.parse_args()
    end_in_order_on_sigterm()
    with tempfile.TemporaryDirectory() as folder:
        found = [measure_once(Path(folder) / "agent", arguments.agent) for _ in range(arguments.repeats)]
    ready_s, memory_mib = zip(*found, strict=True)
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
    ]
    return conclude(figures, {"ready_s": ready_s, "memory_mib": memory_mib}, arguments.output)


if __name__ == "__main__":
    sys.exit(main())
