import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from edgeprof_agent.errors import JobStateError
from edgeprof_agent.jobs.job_states import TRANSITIONS, require_transition
from edgeprof_agent.jobs.journal import Journal
from edgeprof_proto.records.job import JobState
from edgeprof_proto.records.job_spec import JobSpec

ROOT = Path(__file__).parent.parent.parent.parent
WAYS = {(transition.before, transition.after) for transition in TRANSITIONS}


def test_drawing_in_the_documentation_is_the_one_of_the_code() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "job_states.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "pictures/job_states.svg" in (ROOT / "docs" / "jobs.md").read_text()


def test_every_state_is_reached_and_none_leads_out_of_an_end() -> None:
    assert {after for _, after in WAYS} == set(JobState) - {JobState.NOT_REPORTED}
    assert not [before for before, _ in WAYS if before is not None and before.is_final]


@pytest.mark.parametrize(("before", "after"), [*product((None, *JobState), JobState)], ids=str)
def test_only_the_transitions_that_are_drawn_are_allowed(before: JobState | None, after: JobState) -> None:
    if (before, after) in WAYS:
        require_transition("a", before, after)
    else:
        with pytest.raises(JobStateError, match=f"cannot become {after.value}"):
            require_transition("a", before, after)


def test_journal_writes_nothing_of_a_change_that_is_not_drawn(tmp_path: Path, job_spec: JobSpec) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.create_job("a", job_spec, time=0.0)
    with pytest.raises(JobStateError):
        journal.append("a", JobState.RUNNING, JobState.RUNNING, time=0.0)
    assert [event.event for event in journal.events("a", from_sequence=1, limit=9)] == [JobState.QUEUED]
    assert journal.get_job("a").attempt_count == 0
    journal.close()
