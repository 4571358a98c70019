"""The data folder, free disk space, and the journal."""

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path

from edgeprof_agent.config import MIB, AgentConfig
from edgeprof_agent.jobs.journal_database import SCHEMA_VERSION
from edgeprof_proto.records.check import Check, CheckLevel


def storage_checks(config: AgentConfig) -> tuple[Check, ...]:
    """Check the data folder, the disk below it, and the journal in it."""
    return (
        check_data_folder(config.data_dir),
        check_disk_space(config.data_dir, reserve_bytes=config.disk_reserve_bytes, model_bytes=config.model_bytes),
        check_journal(config.data_dir),
    )


def check_data_folder(data_dir: Path) -> Check:
    """Check that the data folder can be written."""
    place = _nearest(data_dir)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return Check(
            name="data folder",
            level=CheckLevel.TROUBLE,
            finding=f"{place} cannot be written: {error.strerror}",
            remedy="make it writable for the user of the agent, mount its disk for writing, or choose a --data-dir",
        )
    finding = f"{data_dir} can be written" if place == data_dir else f"{data_dir} does not exist yet and can be created"
    return Check(name="data folder", level=CheckLevel.GOOD, finding=finding)


def check_disk_space(data_dir: Path, *, reserve_bytes: int, model_bytes: int) -> Check:
    """Check that there is disk space besides the reserve."""
    disk = os.statvfs(_nearest(data_dir))
    free = disk.f_bavail * disk.f_frsize
    finding = f"{free // MIB} MiB are free, {reserve_bytes // MIB} MiB of them are kept free for the device"
    remedy = "free some disk space, or lower EDGEPROF_AGENT_DISK_RESERVE_BYTES"
    if free <= reserve_bytes:
        return Check(name="disk space", level=CheckLevel.TROUBLE, finding=finding, remedy=remedy)
    if free < reserve_bytes + model_bytes:
        finding += f", and the largest model allowed ({model_bytes // MIB} MiB) would not fit"
        return Check(name="disk space", level=CheckLevel.WARNING, finding=finding, remedy=remedy)
    return Check(name="disk space", level=CheckLevel.GOOD, finding=finding)


def check_journal(data_dir: Path) -> Check:
    """Check that the journal is intact and not from a newer agent."""
    path = data_dir / "journal.sqlite3"
    if not path.exists():
        return Check(
            name="journal", level=CheckLevel.GOOD, finding="there is none yet; the agent creates it at its first start"
        )
    try:
        with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if answer == "ok" and version <= SCHEMA_VERSION:
                count = database.execute("SELECT count(*) FROM jobs").fetchone()[0] if version else 0
                return Check(name="journal", level=CheckLevel.GOOD, finding=f"it is intact and holds {count} jobs")
    except sqlite3.DatabaseError as error:
        version, answer = 0, str(error)
    if version > SCHEMA_VERSION:
        finding = f"a newer edgeprof wrote it (schema {version}, known here is {SCHEMA_VERSION})"
        return Check(name="journal", level=CheckLevel.TROUBLE, finding=finding, remedy="update edgeprof on the device")
    return Check(
        name="journal",
        level=CheckLevel.TROUBLE,
        finding=f"{path} is damaged: {answer}",
        remedy="stop the agent, move the file away to start with an empty one, and check the disk: flash wears out",
    )


def _nearest(path: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())
