import contextlib
import sqlite3

import pytest

from edgeprof_agent.data_dir import exclusive_data_dir, is_in_use
from edgeprof_agent.doctor.storage import check_data_folder, check_disk_space, check_journal
from edgeprof_agent.jobs.journal import open_journal
from edgeprof_proto.records.job_spec import JobSpec, Setting


def test_data_folder_that_can_be_written_or_made_is_good(tmp_path) -> None:
    assert check_data_folder(tmp_path).finding.endswith("can be written")
    assert check_data_folder(tmp_path / "a" / "b").finding.endswith("can be created")
    assert not list(tmp_path.iterdir())


def test_data_folder_that_cannot_be_written_is_trouble(tmp_path) -> None:
    (tmp_path / "file").touch()
    assert check_data_folder(tmp_path / "file").level == "trouble"


@pytest.mark.parametrize(
    ("reserve_bytes", "model_bytes", "level"), [(0, 1, "good"), (0, 1 << 60, "warning"), (1 << 60, 1, "trouble")]
)
def test_disk_space_is_what_is_left_beyond_the_reserve(tmp_path, reserve_bytes, model_bytes, level) -> None:
    assert check_disk_space(tmp_path, reserve_bytes=reserve_bytes, model_bytes=model_bytes).level == level


def test_journal_is_good_where_there_is_none_and_where_it_is_whole(tmp_path) -> None:
    assert check_journal(tmp_path).level == "good"
    with open_journal(tmp_path) as journal:
        journal.create_job("a", JobSpec(model_sha256="0" * 64, setting=Setting(runtime="r")), time=1.0)
        assert check_journal(tmp_path).finding == "it is intact and holds 1 jobs"


def test_journal_that_is_damaged_or_of_a_newer_agent_is_trouble(tmp_path) -> None:
    path = tmp_path / "journal.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    assert "newer edgeprof" in check_journal(tmp_path).finding
    path.write_bytes(b"rubbish" * 1000)
    assert (check_journal(tmp_path).level, "damaged" in check_journal(tmp_path).finding) == ("trouble", True)


def test_folder_is_in_use_while_an_agent_has_it(tmp_path) -> None:
    assert not is_in_use(tmp_path)
    with exclusive_data_dir(tmp_path):
        assert is_in_use(tmp_path)
    assert not is_in_use(tmp_path)
