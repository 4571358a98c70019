"""Hostile input for a real agent: mutated messages, mutated models, and its parsers under coverage guidance.

    python benchmarks/fuzz.py messages [--count 100000] [--seed 0] [--agent COMMAND] [--output FILE]
    python benchmarks/fuzz.py models   [--count 2000]   [--seed 0] [--agent COMMAND] [--output FILE]
    python benchmarks/fuzz.py parsers  [--count 1000000]

The first two check that the agent keeps running, that every call and every job ends in a named reason or a result, and
that no files, processes or memory are left behind. Violations are in the file of `--output`, with the bytes that
reproduce them. `parsers` (coverage-guided) needs atheris and ends at the first exception that is not one of the agent's
own.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import grpc
from agent_process import AgentProcess, Vitals, add_agent_option, end_in_order_on_sigterm, running_agent
from figures import Figure, add_output_option, conclude
from hostile import messages, models
from rich.console import Console
from rich.progress import track

from edgeprof.testing import SimulationConfig

T = TypeVar("T")

MEMORY_GROWTH_MIB = 16.0
"""An allocator keeps freed memory; a leak grows with the number of calls."""

ADDRESS_SPACE_BYTES = 6 * 1024**3
"""Limit for the agent and each worker; hostile models ask for more than the machine has."""

LIMITS = {
    # Mutated jobs that are valid do run; few wait, and none takes long.
    "EDGEPROF_AGENT_QUEUED_JOB_COUNT": "16",
    "EDGEPROF_AGENT_JOB_DURATION_S": "10",
    "EDGEPROF_AGENT_FINISHED_JOB_COUNT": "200",
    "EDGEPROF_AGENT_MODEL_BYTES": str(64 * 1024**2),
    "EDGEPROF_AGENT_MODEL_CACHE_BYTES": str(256 * 1024**2),
}


def fuzz_messages(arguments: argparse.Namespace, folder: Path) -> int:
    """Send mutated requests of every method and check the answers."""
    SimulationConfig().write(folder / "simulation.json")
    environment = {**LIMITS, "EDGEPROF_SIMULATION": str(folder / "simulation.json")}
    with running_agent(folder / "agent", arguments.agent, environment=environment) as agent:
        agent.limit_address_space(ADDRESS_SPACE_BYTES)
        with grpc.insecure_channel(agent.address) as channel:
            known = messages.known_values(agent.address, folder)
            calls = messages.mutated_calls(messages.contract_methods(), known, seed=arguments.seed)
            # A twentieth of the calls brings the agent to the size that it has under such work.
            warmed_up = messages.send_all(channel, itertools.islice(calls, arguments.count // 20))
            messages.end_jobs(agent.address)
            before = agent.settled_vitals()
            rest = arguments.count - arguments.count // 20
            tally = messages.send_all(channel, track_on_stderr(itertools.islice(calls, rest), rest, "messages"))
            tally.add(warmed_up)
            messages.end_jobs(agent.address)
        figures = [
            Figure(
                name=f"{arguments.count} mutated messages to {len(tally.by_method)} methods",
                measured=f"{len(tally.offences)} without a named ending",
                asked="0",
                is_met=not tally.offences,
            ),
            *left_behind(agent, before),
        ]
    for ending, count in tally.endings.most_common():
        print(f"{count:8d}  {ending}")
    offences = [offence.as_json() for offence in tally.offences[:100]]
    return conclude(figures, {"endings": tally.endings, "offences": offences}, arguments.output)


def fuzz_models(arguments: argparse.Namespace, folder: Path) -> int:
    """Upload and run mutated models and check how their jobs end."""
    with running_agent(folder / "agent", arguments.agent, environment=LIMITS) as agent:
        agent.limit_address_space(ADDRESS_SPACE_BYTES)
        with models.ModelRunner(agent.address) as runner:
            mutants = models.mutated_models(folder / "seeds", seed=arguments.seed)
            warm_up_count = min(20, arguments.count // 10)
            for mutant in itertools.islice(mutants, warm_up_count):
                runner.run(mutant)
            before = agent.settled_vitals()
            rest = arguments.count - warm_up_count
            for mutant in track_on_stderr(itertools.islice(mutants, rest), rest, "models"):
                runner.run(mutant)
        figures = [
            Figure(
                name=f"{arguments.count} mutated models",
                measured=f"{len(runner.offences)} jobs without a named ending",
                asked="0",
                is_met=not runner.offences,
            ),
            *left_behind(agent, before),
        ]
    for ending, count in runner.endings.most_common():
        print(f"{count:8d}  {ending}")
    return conclude(figures, {"endings": runner.endings, "offences": runner.offences[:100]}, arguments.output)


def fuzz_parsers(arguments: argparse.Namespace, _: Path) -> int:
    """Drive the agent's parsers with atheris, in a process that has imported none of them yet."""
    program = Path(__file__).with_name("hostile") / "parsers.py"
    return subprocess.run([sys.executable, program, str(arguments.count)]).returncode


def left_behind(agent: AgentProcess, before: Vitals) -> list[Figure]:
    """Compare the agent's resources with those before."""
    if not agent.is_alive():
        return [Figure(name="the agent", measured="is gone", asked="alive", is_met=False)]
    after = agent.settled_vitals()
    scratch = [path for name in ("scratch", "uploads") for path in (agent.folder / name).glob("*")]
    parts = [path for path in scratch if path.stat().st_size or path.is_dir()]
    growth_mib = after.memory_mib - before.memory_mib
    return [
        Figure(name="the agent", measured="alive", asked="alive", is_met=True),
        _unchanged("open files", before.open_file_count, after.open_file_count),
        _unchanged("threads", before.thread_count, after.thread_count, tolerance=4),
        _unchanged("child processes", 0, after.child_count),
        Figure(
            name="memory, idle",
            measured=f"{before.memory_mib:.1f} to {after.memory_mib:.1f} MiB, peak {agent.peak_memory_mib():.1f}",
            asked=f"at most {MEMORY_GROWTH_MIB:g} MiB more",
            is_met=growth_mib <= MEMORY_GROWTH_MIB,
        ),
        Figure(
            name="scratch folders and parts of uploads that hold anything",
            measured=f"{len(parts)} (and {len(scratch) - len(parts)} empty parts)",
            asked="as many as uploads were broken off",
            is_met=not any(path.is_dir() for path in parts),
        ),
    ]


def _unchanged(name: str, before: int, after: int, *, tolerance: int = 2) -> Figure:
    return Figure(
        name=name,
        measured=f"{before} before, {after} after",
        asked=f"at most {tolerance} more",
        is_met=after <= before + tolerance,
    )


def track_on_stderr(items: Iterable[T], total: int, description: str) -> Iterable[T]:
    """Show a progress bar beside the results."""
    return track(items, total=total, description=description, console=Console(stderr=True))


def main() -> int:
    """Run one of the three modes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    modes = parser.add_subparsers(dest="mode", required=True)
    for name, count, run in (("messages", 100_000, fuzz_messages), ("models", 2_000, fuzz_models)):
        mode = modes.add_parser(name, help=run.__doc__)
        mode.add_argument("--count", type=int, default=count)
        mode.add_argument("--seed", type=int, default=0)
        add_agent_option(mode)
        add_output_option(mode)
        mode.set_defaults(run=run)
    mode = modes.add_parser("parsers", help=fuzz_parsers.__doc__)
    mode.add_argument("--count", type=int, default=1_000_000)
    mode.set_defaults(run=fuzz_parsers)
    arguments = parser.parse_args()
    end_in_order_on_sigterm()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        status: int = arguments.run(arguments, Path(folder))
    return status


if __name__ == "__main__":
    sys.exit(main())
