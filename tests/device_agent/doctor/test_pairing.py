from pathlib import Path

from edgeprof_agent.config import AgentConfig
from edgeprof_agent.doctor.pairing import check_pairing
from edgeprof_agent.trust.hosts import PairedHosts
from edgeprof_agent.trust.identity import CERTIFICATE_FILE, make_identity
from edgeprof_proto.records.check import CheckLevel


def test_loopback_needs_no_pairing_and_any_other_address_an_identity(tmp_path: Path) -> None:
    assert check_pairing(AgentConfig(data_dir=tmp_path)).level is CheckLevel.GOOD
    check = check_pairing(AgentConfig(data_dir=tmp_path, host="0.0.0.0"))
    assert (check.level, check.remedy) == (CheckLevel.TROUBLE, "run `edgeprof-agent init` once")


def test_a_device_whose_hosts_are_none_is_told_how_to_pair(tmp_path: Path) -> None:
    config = AgentConfig(data_dir=tmp_path, host="0.0.0.0")
    make_identity(tmp_path)
    assert check_pairing(config).level is CheckLevel.WARNING
    PairedHosts(tmp_path).add("laptop", "0" * 64)
    assert (check_pairing(config).level, check_pairing(config).finding) == (CheckLevel.GOOD, "paired with laptop")


def test_a_damaged_certificate_is_trouble_with_what_to_do(tmp_path: Path) -> None:
    make_identity(tmp_path)
    (tmp_path / CERTIFICATE_FILE).write_bytes(b"rubbish")
    check = check_pairing(AgentConfig(data_dir=tmp_path))
    assert check.level is CheckLevel.TROUBLE
    assert CERTIFICATE_FILE in check.finding and "edgeprof-agent init" in check.remedy
