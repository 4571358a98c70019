import json
import os
import stat
import subprocess
import sys
from pathlib import Path

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


def test_a_log_file_that_is_a_link_is_followed_and_the_link_stays(tmp_path: Path) -> None:
    elsewhere = tmp_path / "disk"
    elsewhere.mkdir()
    link = tmp_path / "agent.log"
    link.symlink_to(elsewhere / "real.log")
    log(path=str(link), count=1000)
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["agent.log", "disk"]
    assert sorted(path.name for path in elsewhere.iterdir()) == ["real.log", *(f"real.log.{n}" for n in range(1, 5))]


def test_a_log_file_that_is_no_plain_file_is_refused_at_once_in_a_sentence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(tmp_path / "fifo")
    (tmp_path / "null").symlink_to("/dev/null")
    places = {
        "/dev/null": "it is a device",
        "/dev/full": "it is a device",
        str(tmp_path / "null"): "it is a device",
        str(tmp_path / "fifo"): "it is a FIFO",
        str(tmp_path / "link"): "it is a FIFO",
        str(tmp_path): "it is a folder",
        str(tmp_path / "absent" / "agent.log"): "No such file or directory",
    }
    for place, sentence in places.items():
        command = [sys.executable, "-m", "edgeprof_agent", "serve", "--listen", "127.0.0.1:0"]
        command += ["--data-dir", str(tmp_path / "agent"), "--log-file", place]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"edgeprof-agent: cannot log into {place}: {sentence}")
        assert done.stderr.count("\n") == 1 and "omit --log-file for stderr" in done.stderr
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
