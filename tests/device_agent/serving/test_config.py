import dataclasses
from pathlib import Path

import pytest

from edgeprof_agent.config import AgentConfig, parse_address, read_config
from edgeprof_agent.errors import ConfigError


def test_flags_win_over_environment_and_environment_over_defaults() -> None:
    environment = {"EDGEPROF_AGENT_LISTEN": "127.0.0.1:1", "EDGEPROF_AGENT_LOG_LEVEL": "ERROR", "XDG_DATA_HOME": "/x"}
    config = read_config({"listen": "127.0.0.1:2", "log_level": None}, environment)
    assert (config.port, config.log_level, config.data_dir) == (2, "ERROR", Path("/x/edgeprof-agent"))
    assert config.queued_job_count == AgentConfig(data_dir=Path("/x")).queued_job_count


def test_every_limit_can_be_set_by_its_variable() -> None:
    environment = {"EDGEPROF_AGENT_QUEUED_JOB_COUNT": "3", "EDGEPROF_AGENT_JOB_DURATION_S": "1.5"}
    config = read_config({}, {**environment, "EDGEPROF_AGENT_DATA_DIR": "/y"})
    assert (config.queued_job_count, config.job_duration_s, config.data_dir) == (3, 1.5, Path("/y"))


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("localhost:65535", ("localhost", 65535)), ("[::1]:7", ("::1", 7))],
)
def test_address_is_host_and_port(address: str, expected: tuple[str, int]) -> None:
    assert parse_address(address) == expected
    AgentConfig(data_dir=Path("/x"), host=expected[0], port=expected[1])


@pytest.mark.parametrize("address", ["", "127.0.0.1", ":1", "[]:1", "::1:1", "127.0.0.1:65536", "127.0.0.1:-1"])
def test_address_in_another_form_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        parse_address(address)


@pytest.mark.parametrize(
    "values",
    [
        {"host": "0.0.0.0", "insecure": True},
        {"host": "board.local", "insecure": True},
        {"port": 70000},
        {"log_level": "LOUD"},
        {"queued_job_count": 0},
        {"job_duration_s": -1.0},
        {"disk_reserve_bytes": -1},
        {"worker_memory_bytes": -1},
        {"worker_user_id": 0},
        {"upload_count": 0},
        {"upload_bytes_per_s": 0},
        {"model_bytes": 2, "model_cache_bytes": 1},
        {"thread_count": -1},
        {"thread_count": 5_000},
        {"job_duration_s": float("nan")},
        {"job_duration_s": float("inf")},
        {"lease_duration_s": 1e12},
        {"worker_user_id": 2**32},
        {"finished_job_count": 2**63},
        {"upload_bytes_per_s": 2**63},
    ],
    ids=str,
)
def test_value_outside_its_range_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        AgentConfig(data_dir=Path("/x"), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(AgentConfig)])
def test_every_number_has_a_range_at_both_ends(name: str) -> None:
    field = next(field for field in dataclasses.fields(AgentConfig) if field.name == name)
    if field.type not in (int, float, "int", "float"):
        return
    for value in (-1, 2**63 + 1, float("nan")):
        with pytest.raises(ConfigError, match=f"{name} must be .* to .*, got"):
            AgentConfig(data_dir=Path("/x"), **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "many", "1_000", "0x10", "nan", "inf", "1e999", "٣", "9" * 5_000, "-5"])
@pytest.mark.parametrize("name", ["QUEUED_JOB_COUNT", "JOB_DURATION_S", "THREAD_COUNT", "WORKER_MEMORY_BYTES"])
def test_a_variable_that_is_no_number_of_its_range_is_refused_in_one_sentence(name: str, text: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_config({}, {f"EDGEPROF_AGENT_{name}": text, "EDGEPROF_AGENT_DATA_DIR": "/y"})
    assert len(str(refused.value)) < 250 and "\n" not in str(refused.value)


def test_an_empty_path_is_no_path() -> None:
    with pytest.raises(ConfigError, match="EDGEPROF_AGENT_DATA_DIR must be a path"):
        read_config({}, {"EDGEPROF_AGENT_DATA_DIR": ""})
