"""What a journal keeps, and which journals it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgeprof_predictor.errors import JournalError
from edgeprof_predictor.runs import Journal, write_rows

INPUTS = {"table": "abc", "train platforms": "a,b"}


def test_a_unit_that_was_added_is_there_when_the_journal_is_opened_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run.journal", INPUTS)
    journal.add("first", [{"value": 1.5, "missing": None}])
    journal.add("second", [])
    again = Journal(tmp_path / "run.journal", INPUTS)
    assert again.finished == {"first": [{"value": 1.5, "missing": None}], "second": []}


@pytest.mark.parametrize("length", [1, 20, 40])
def test_a_line_that_a_killed_run_began_is_dropped_and_the_next_one_whole(tmp_path: Path, length: int) -> None:
    path = tmp_path / "run.journal"
    Journal(path, INPUTS).add("first", [{"value": 1}])
    with path.open("ab") as file:
        file.write(json.dumps({"unit": "second", "rows": [{"value": 2}]}).encode()[:length])
    journal = Journal(path, INPUTS)
    assert list(journal.finished) == ["first"]
    journal.add("third", [])
    assert list(Journal(path, INPUTS).finished) == ["first", "third"]


def test_a_journal_killed_within_its_first_line_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    Journal(path, INPUTS)
    path.write_bytes(path.read_bytes()[:25])
    Journal(path, INPUTS).add("first", [])
    assert list(Journal(path, INPUTS).finished) == ["first"]


def test_a_journal_of_other_inputs_is_refused_with_what_differs_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    Journal(path, INPUTS).add("first", [])
    content = path.read_bytes()
    with pytest.raises(JournalError, match=r"another train platforms; repeat that command.*or delete the file"):
        Journal(path, {**INPUTS, "train platforms": "a,c"})
    with pytest.raises(JournalError, match="another trim"):
        Journal(path, {**INPUTS, "trim": "0.1"})
    assert path.read_bytes() == content


def test_a_journal_of_other_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    Journal(path, INPUTS)
    header = json.loads(path.read_text())
    header["inputs"]["code"] = "0"
    path.write_text(json.dumps(header) + "\n")
    with pytest.raises(JournalError, match="another code"):
        Journal(path, INPUTS)


@pytest.mark.parametrize(
    "content", [b"notes of mine", b"notes of mine\n", b"[]\n", b'{"schema_version": 1}\n', b"\xff\n"]
)
def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.journal"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="is no journal of a run"):
        Journal(path, INPUTS)
    assert path.read_bytes() == content


def test_a_journal_of_a_newer_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    path.write_text('{"schema_version": 99, "inputs": {}}\n')
    with pytest.raises(JournalError, match="another edgeprof"):
        Journal(path, INPUTS)


def test_results_that_cannot_be_written_are_noticed_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="it is a folder"):
        Journal.beside(tmp_path, INPUTS)
    with pytest.raises(JournalError, match=r"cannot write .*nosuch.*No such file"):
        Journal.beside(tmp_path / "nosuch" / "out.json", INPUTS)
    with pytest.raises(JournalError, match=r"cannot write .*nosuch"):
        write_rows(tmp_path / "nosuch" / "out.json", [])


def test_a_removed_journal_leaves_nothing(tmp_path: Path) -> None:
    journal = Journal.beside(tmp_path / "out.json", INPUTS)
    journal.add("first", [])
    journal.remove()
    assert list(tmp_path.iterdir()) == []
