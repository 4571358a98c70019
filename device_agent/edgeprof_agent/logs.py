"""The agent's log: text or JSON, on stderr or in rotated files of limited size."""

import json
import logging
import logging.handlers
import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from edgeprof_proto.shared.plain_file import require_plain_or_absent

LOG_FILE_BYTES = 2 * 1024 * 1024
"""Size at which the log file is rotated, in bytes."""

LOG_FILE_COUNT = 4
"""Rotated files that are kept besides the present one: 10 MiB of log at most."""


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (UTC), level, logger, message, and the traceback of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as JSON."""
        fields = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["trace"] = self.formatException(record.exc_info)
        return json.dumps(fields)


def start_logging(*, level: str, log_format: str, log_file: Path | None) -> None:
    """Configure logging for this process.

    Args:
        level: Lowest level that is logged, by name.
        log_format: `text` or `json`.
        log_file: File that is rotated at `LOG_FILE_BYTES`, links followed; None for stderr.

    Raises:
        OSError: If the file is no plain file, or cannot be written; `strerror` says why.
    """
    handler = logging.StreamHandler(sys.stderr) if log_file is None else _rotating_handler(log_file)
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if log_format == "json" else text)
    logging.basicConfig(level=level, handlers=[handler])


def _rotating_handler(log_file: Path) -> logging.Handler:
    # Opening a FIFO waits for a reader, and rotating renames what is at the path, a device or a link too.
    require_plain_or_absent(log_file)
    return logging.handlers.RotatingFileHandler(
        os.path.realpath(log_file), maxBytes=LOG_FILE_BYTES, backupCount=LOG_FILE_COUNT, encoding="utf-8"
    )
