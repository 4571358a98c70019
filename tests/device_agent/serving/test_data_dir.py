import os
from pathlib import Path

import pytest

from edgeprof_agent.data_dir import exclusive_data_dir, read_device_id, write_durably
from edgeprof_agent.errors import DataDirError, HostsFileError, IdentityError
from edgeprof_agent.trust.hosts import read_hosts
from edgeprof_agent.trust.identity import read_identity
from edgeprof_agent.worker.node_placement import NodePlacementCache


def test_what_a_command_of_roots_leaves_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(tmp_path, 1234, 1234)
    with exclusive_data_dir(tmp_path):
        write_durably(tmp_path / "hosts.json", b"{}")
    for path in tmp_path.iterdir():
        assert (path.stat().st_uid, path.stat().st_mode & 0o077) == (tmp_path.stat().st_uid, 0)


@pytest.mark.timeout(30)
def test_files_of_the_agent_are_plain_files(tmp_path: Path) -> None:
    for name in ("device_id", "hosts.json", "device.key", "node_placements.json"):
        os.mkfifo(tmp_path / name, 0o600)
    with pytest.raises(DataDirError, match="a FIFO, not a plain file"):
        read_device_id(tmp_path)
    with pytest.raises(HostsFileError, match="a FIFO, not a plain file"):
        read_hosts(tmp_path)
    with pytest.raises(IdentityError, match="a FIFO, not a plain file"):
        read_identity(tmp_path)
    NodePlacementCache(tmp_path / "node_placements.json")
