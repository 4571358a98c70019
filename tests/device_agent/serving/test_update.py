"""An agent that is updated in place: the data folder of an earlier version goes on."""

import json
import sqlite3
from pathlib import Path

from edgeprof_agent.jobs import journal_database
from edgeprof_agent.trust.hosts import PairedHosts, read_hosts
from edgeprof_agent.trust.identity import make_identity, read_identity
from edgeprof_proto.v1 import job_pb2

FIRST_COLUMNS = {
    "jobs": "number, job_id, model_sha256, spec, state, attempt_count, create_time, end_time",
    "events": "job_number, sequence, attempt, kind, body",
}
NOT_IN_THE_FIRST = ("node_counts", "core_indices", "thread_count", "median_interval", "conditions_during", "waited_ms")


def as_the_first_version_left_it(path: Path) -> None:
    """Write a journal anew with the tables and the fields of schema 1."""
    old = path.with_name("old.sqlite3")
    with sqlite3.connect(path) as new, sqlite3.connect(old) as first:
        first.executescript(journal_database.MIGRATIONS[0])
        for table, columns in FIRST_COLUMNS.items():
            for row in new.execute(f"SELECT {columns} FROM {table}"):
                *others, last = row
                if table == "events" and others[-1] == "measurement":
                    body = json.loads(last)
                    last = json.dumps({key: value for key, value in body.items() if key not in NOT_IN_THE_FIRST})
                marks = ", ".join("?" * len(row))
                first.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", (*others, last))
        first.execute("PRAGMA user_version = 1")
    new.close()
    first.close()
    for leftover in path.parent.glob("journal.sqlite3*"):
        leftover.unlink()
    old.rename(path)


def test_an_updated_agent_keeps_results_queue_models_and_pairings(start_agent, tmp_path) -> None:
    folder = tmp_path / "agent"
    earlier = start_agent()
    earlier.upload()
    earlier.create_job("done")
    list(earlier.watch_job("done"))
    blocks = earlier.get_job("done").measurement.blocks
    earlier.create_job("running", "hang_once")
    earlier.wait_for_block("running")
    earlier.create_job("queued")
    earlier.stop()
    identity = make_identity(folder)
    PairedHosts(folder).add("laptop", "0" * 64)
    as_the_first_version_left_it(folder / "journal.sqlite3")

    updated = start_agent()
    assert updated.get_job("done").measurement.blocks == blocks
    for job_id in ("running", "queued"):
        assert list(updated.watch_job(job_id))[-1].state == job_pb2.JOB_STATE_SUCCEEDED
    assert read_identity(folder) == identity
    assert [host.name for host in read_hosts(folder)] == ["laptop"]
