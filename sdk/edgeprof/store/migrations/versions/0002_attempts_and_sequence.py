"""Let a probe have several attempts, and number measurements in the host's own order.

The job of each probe becomes its first attempt. Measurements are numbered once in the order of the device's times of
day, by which they were ordered before.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ALL_PROBES = "SELECT * FROM probe ORDER BY session_id, ordinal"


def upgrade() -> None:
    """Apply."""
    _number_measurements()
    op.add_column("session", sa.Column("decision", sa.JSON(), nullable=True))
    op.add_column("session", sa.Column("give_up_sequence", sa.Integer(), nullable=True))
    _create_status()
    old = [dict(row) for row in op.get_bind().execute(sa.text(ALL_PROBES)).mappings()]
    with op.batch_alter_table("probe", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_probe_session_id"))
    op.drop_table("probe")
    probe = _create_probe()
    attempt = _create_attempt()
    if old:
        fields = ("session_id", "ordinal", "architecture", "is_anchor_check", "state")
        op.bulk_insert(probe, [{**{name: row[name] for name in fields}, "reopen_count": 0} for row in old])
        op.bulk_insert(attempt, _first_attempts(old))


def _number_measurements() -> None:
    op.add_column("measurement", sa.Column("sequence", sa.Integer(), nullable=True))
    measurement = sa.table(
        "measurement", *map(sa.column, ("job_id", "create_time", "sequence")), sa.column("record", sa.JSON)
    )
    order = (measurement.c.record["start_time"].as_float(), measurement.c.create_time, measurement.c.job_id)
    numbered = sa.select(measurement.c.job_id, sa.func.row_number().over(order_by=order).label("sequence")).subquery(
        "numbered"
    )
    op.execute(
        measurement.update().values(sequence=numbered.c.sequence).where(numbered.c.job_id == measurement.c.job_id)
    )
    with op.batch_alter_table("measurement", schema=None) as batch_op:
        batch_op.alter_column("sequence", existing_type=sa.Integer(), nullable=False)
        batch_op.create_unique_constraint("uq_measurement_sequence", ["sequence"])


def _first_attempts(old: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The job of each probe as an attempt; a failure gets the number of the measurement planned before it."""
    rows = op.get_bind().execute(sa.text("SELECT job_id, sequence FROM measurement"))
    numbers = {job_id: sequence for job_id, sequence in rows}
    attempts, last, session_id = [], 0, ""
    for row in old:
        last = last if row["session_id"] == session_id else 0
        session_id = row["session_id"]
        if row["state"] == "measured":
            last = max(last, numbers.get(row["job_id"], 0))
        attempts.append(
            {
                "job_id": row["job_id"],
                "session_id": session_id,
                "ordinal": row["ordinal"],
                "number": 1,
                "request": None,
                "sequence": {"measured": numbers.get(row["job_id"], last), "failed": last}.get(row["state"]),
                "reason": "" if row["state"] == "failed" else None,
                "failure": row["failure"],
            }
        )
    return attempts


def _create_status() -> None:
    op.create_table(
        "session_status",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("sample_count", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.session_id"]),
        sa.PrimaryKeyConstraint("session_id", "sample_count"),
    )


def _create_probe() -> sa.Table:
    return op.create_table(
        "probe",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("architecture", sa.String(), nullable=False),
        sa.Column("is_anchor_check", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reopen_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["session.session_id"]),
        sa.PrimaryKeyConstraint("session_id", "ordinal"),
    )


def _create_attempt() -> sa.Table:
    return op.create_table(
        "attempt",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("request", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["session_id", "ordinal"], ["probe.session_id", "probe.ordinal"]),
        sa.PrimaryKeyConstraint("job_id"),
        sa.UniqueConstraint("session_id", "ordinal", "number"),
    )
