"""How often an idle agent wakes the processor, thread by thread.

python benchmarks/idle_wakeups.py [--duration-s 30] [--agent COMMAND] [--output FILE]
"""

import argparse
import collections
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from agent_process import add_agent_option, end_in_order_on_sigterm, running_agent
from figures import add_output_option

SETTLE_S = 2.0


def count_wakeups(pid: int) -> dict[tuple[str, str], int]:
    """Count how often each thread of a process has slept and been woken since it began, by its id and name."""
    counts = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        text = (task / "status").read_text()
        name = text.partition("\n")[0].partition("\t")[2]
        found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE)
        counts[task.name, name] = int(found[1]) if found else 0
    return counts


def main() -> int:
    """Print wake-ups a second of all threads with one name, the busiest first."""
    parser = argparse.ArgumentParser(description="How often an idle agent wakes the processor.")
    parser.add_argument("--duration-s", type=float, default=30.0)
    add_agent_option(parser)
    add_output_option(parser)
    arguments = parser.parse_args()
    end_in_order_on_sigterm()
    with tempfile.TemporaryDirectory() as folder, running_agent(Path(folder) / "agent", arguments.agent) as agent:
        time.sleep(SETTLE_S)
        before = count_wakeups(agent.pid)
        time.sleep(arguments.duration_s)
        after = count_wakeups(agent.pid)
    rates: collections.Counter[str] = collections.Counter()
    for (thread, name), count in after.items():
        rates[name] += (count - before.get((thread, name), 0)) / arguments.duration_s
    for name, rate in rates.most_common():
        print(f"{rate:6.2f} a second  {name}")
    print(f"{sum(rates.values()):6.2f} a second  in all")
    if arguments.output is not None:
        arguments.output.write_text(json.dumps({"wakeups_per_s": rates}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
