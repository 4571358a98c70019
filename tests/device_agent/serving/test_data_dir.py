import os
from pathlib import Path

from edgeprof_agent.data_dir import exclusive_data_dir, write_durably


def test_what_a_command_of_roots_leaves_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path, 1234, 1234)
    with exclusive_data_dir(tmp_path):
        write_durably(tmp_path / "hosts.json", b"{}")
    for path in tmp_path.iterdir():
        assert (path.stat().st_uid, path.stat().st_mode & 0o077) == (tmp_path.stat().st_uid, 0)
