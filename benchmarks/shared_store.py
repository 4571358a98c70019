"""Several hosts that onboard several devices at once on one PostgreSQL store: nothing is lost or stored twice.

    python benchmarks/shared_store.py [--hosts 4] [--devices 8] [--samples 10] [--store ADDRESS] [--output FILE]

Each host is a process that onboards its share of the simulated devices at once, each in a thread of its own. All begin
at the same moment, on a store that the first of them makes. Without `--store` a server is started here, and stopped.
Afterwards the jobs that the devices have done are compared with what the store holds.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from figures import Figure, add_output_option, conclude
from postgresql_store import postgresql_store
from sqlalchemy import create_engine, text

import edgeprof
from edgeprof.measuring.goal import Goal
from edgeprof.store import Store, store_place
from edgeprof.testing import SimulatedDevice, SimulationConfig
from edgeprof_proto.records.job import JobState

SPACE = "nasbench201"


def be_host(store: str, addresses: Sequence[str], folder: Path, sample_count: int) -> None:
    """Onboard devices at once, as soon as a line can be read."""

    def onboard(address: str) -> None:
        with edgeprof.connect(address) as client:
            edgeprof.onboard(
                client,
                SPACE,
                setting=SimulatedDevice.setting,
                goal=Goal(sample_count=sample_count),
                store=store,
                output=folder / f"{address.rpartition(':')[2]}.edgeprof",
            )

    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(len(addresses)) as threads:
        list(threads.map(onboard, addresses))


def run_hosts(store: str, shares: Sequence[Sequence[str]], folder: Path, sample_count: int) -> float:
    """Run a host for each share of the devices, and return the seconds from the common start to the last end."""
    with ExitStack() as stack:
        hosts = []
        for share in shares:
            command = [
                sys.executable,
                __file__,
                "--store",
                store,
                "--samples",
                str(sample_count),
                "--host",
                str(folder),
            ]
            command += share
            pipe = subprocess.PIPE
            host = stack.enter_context(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))
            stack.callback(host.kill)
            hosts.append(host)
        for host in hosts:
            assert host.stdout is not None
            host.stdout.readline()
        begin_s = time.monotonic()
        for host in hosts:
            assert host.stdin is not None
            host.stdin.write("\n")
            host.stdin.flush()
        statuses = [host.wait() for host in hosts]
        if any(statuses):
            raise SystemExit("a host has failed: its sentence is above")
        return time.monotonic() - begin_s


def figures_of(store: str, addresses: Sequence[str], folder: Path, sample_count: int, wall_s: float) -> list[Figure]:
    """Compare what the devices have done with what the store holds."""
    done: dict[str, str] = {}
    for address in addresses:
        with edgeprof.connect(address) as client:
            device_id = client.device().device_id
            done |= {job.job_id: device_id for job in client.jobs() if job.state is JobState.SUCCEEDED}
    with Store(store) as opened:
        stored = opened.results()
        known = len(opened.devices())
    engine = create_engine(store_place(store))
    with engine.connect() as rows:
        unfinished, sessions = rows.execute(text("SELECT count(*) - count(end_time), count(*) FROM session")).one()
        attempts = rows.execute(text("SELECT count(*) FROM attempt WHERE sequence IS NULL")).scalar_one()
    engine.dispose()
    lost = done.keys() - {result.job_id for result in stored}
    foreign = [result for result in stored if done.get(result.job_id) != result.device_id]
    numbers = sorted(result.number for result in stored)
    profiles = len(list(folder.glob("*.edgeprof")))
    count = len(addresses)
    return [
        Figure(
            name=f"measurements of {count} devices that are not in the store",
            measured=f"{len(lost)} of {len(done)}",
            asked="0",
            is_met=not lost and len(done) >= count * sample_count,
        ),
        Figure(
            name="measurements stored twice, or under another device",
            measured=f"{len(stored) - len(done)} and {len(foreign)}",
            asked="0 and 0",
            is_met=len(stored) == len(done) and not foreign and len(set(numbers)) == len(numbers),
        ),
        Figure(
            name="devices, sessions, unfinished sessions, open attempts, profiles",
            measured=f"{known}, {sessions}, {unfinished}, {attempts}, {profiles}",
            asked=f"{count}, {count}, 0, 0, {count}",
            is_met=(known, sessions, unfinished, attempts, profiles) == (count, count, 0, 0, count),
        ),
        Figure(
            name="time of all onboardings together",
            measured=f"{wall_s:.1f} s, {len(stored) / wall_s:.1f} measurements a second",
            asked="told",
            is_met=True,
        ),
    ]


def main() -> int:
    """Run the hosts and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=4)
    parser.add_argument("--devices", type=int, default=8)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--store", metavar="ADDRESS", help="an empty database")
    parser.add_argument("--host", nargs="+", metavar="PART", help=argparse.SUPPRESS)
    add_output_option(parser)
    chosen = parser.parse_args()
    if chosen.host:
        be_host(chosen.store, chosen.host[1:], Path(chosen.host[0]), chosen.samples)
        return 0
    with tempfile.TemporaryDirectory() as name, postgresql_store(chosen.store) as store, ExitStack() as stack:
        folder = Path(name)
        addresses = [
            stack.enter_context(SimulatedDevice(folder / f"device-{seed}", SimulationConfig(seed=seed))).address
            for seed in range(chosen.devices)
        ]
        shares = [addresses[host :: chosen.hosts] for host in range(chosen.hosts)]
        wall_s = run_hosts(store, shares, folder, chosen.samples)
        return conclude(figures_of(store, addresses, folder, chosen.samples, wall_s), {}, chosen.output)


if __name__ == "__main__":
    sys.exit(main())
