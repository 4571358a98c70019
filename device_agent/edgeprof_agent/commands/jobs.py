"""`edgeprof-agent jobs`: lists, exports and drops the jobs that the board keeps."""

import argparse
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edgeprof_agent.commands.options import add_data_dir, config_of
from edgeprof_agent.commands.owner import answers_of


def add_parser(commands: Any) -> None:
    """Add the command to the parser's commands."""
    parser = commands.add_parser("jobs", help="list, export or drop the jobs and results that this board keeps")
    parser.add_argument(
        "--export", metavar="FILE", type=Path, help="first write every job with its events to a new file, a JSON a line"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--drop", metavar="ID", nargs="+", help="delete these jobs, which must have ended, and results")
    what.add_argument("--drop-all", action="store_true", help="delete every job that has ended, and its result")
    add_data_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List the jobs, or export and drop them, also while an agent is running.

    Returns:
        Exit status.

    Raises:
        AgentError: If the journal cannot be used, or a job is unknown or has not ended.
        OSError: If the file exists or cannot be written.
    """
    from edgeprof_agent.jobs.owner_commands import DROP, EXPORT, LIST

    data_dir = config_of(options).data_dir
    if options.export is not None:
        count = 0
        with open(options.export, "x", encoding="utf-8") as file:
            for answer in answers_of(data_dir, {"command": EXPORT}):
                file.write(json.dumps(answer) + "\n")
                count += "job" in answer
        print(f"exported {count} jobs to {options.export}")
    if options.drop or options.drop_all:
        request = {"command": DROP, "job_ids": None if options.drop_all else options.drop}
        for answer in answers_of(data_dir, request):
            print(f"dropped {answer['dropped_count']} jobs")
    elif options.export is None:
        for answer in answers_of(data_dir, {"command": LIST}):
            print(_line(answer["job"]))
    return 0


def _line(job: dict[str, Any]) -> str:
    asked = datetime.fromtimestamp(job["create_time"], timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    is_kept = job["end_time"] is not None and job["acknowledge_time"] is None and job["host_name"]
    return "  ".join(
        [job["job_id"], job["state"], f"asked {asked}", f"host {job['host_name'] or 'without a name'}"]
        + ["kept until its host has stored it"] * bool(is_kept)
    )
