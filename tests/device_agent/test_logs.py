import json
import subprocess
import sys

LOG = """
import logging
from pathlib import Path
from edgeprof_agent import logs
logs.LOG_FILE_BYTES, path = 2000, Path({path!r})
logs.start_logging(level="INFO", log_format={log_format!r}, log_file=path if path.name else None)
for number in range({count}):
    logging.getLogger("edgeprof_agent.jobs.job_queue").info("job %s of\\n%s", number, {count})
logging.debug("not wanted")
try:
    1 / 0
except ZeroDivisionError:
    logging.exception("a bug")
"""


def log(**wanted: object) -> str:
    program = LOG.format(**{"path": "", "count": 1, "log_format": "text", **wanted})
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr


def test_json_log_is_one_object_to_a_line_with_the_trace_in_it() -> None:
    first, second = map(json.loads, log(log_format="json").splitlines())
    assert (first["level"], first["logger"], first["message"]) == (
        "INFO",
        "edgeprof_agent.jobs.job_queue",
        "job 0 of\n1",
    )
    assert first["time"].endswith("+00:00")
    assert (second["level"], "ZeroDivisionError" in second["trace"]) == ("ERROR", True)


def test_text_log_goes_to_stderr() -> None:
    assert "INFO edgeprof_agent.jobs.job_queue: job 0 of" in log()


def test_log_files_stay_within_their_bound(tmp_path) -> None:
    assert log(path=str(tmp_path / "agent.log"), count=1000, log_format="json") == ""
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sorted(sizes) == ["agent.log", *(f"agent.log.{number}" for number in range(1, 5))]
    assert max(sizes.values()) <= 2000
