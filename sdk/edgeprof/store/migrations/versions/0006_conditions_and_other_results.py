"""Keep the kernel and the agent's version of each measurement, and results of other tools in a table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    op.add_column("device", sa.Column("agent_version", sa.String(), nullable=True))
    op.add_column("measurement", sa.Column("kernel", sa.String(), nullable=True))
    op.add_column("measurement", sa.Column("agent_version", sa.String(), nullable=True))
    op.create_table(
        "other_result",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("report_sha256", "source", "device_id", "device_name", "model_name", "report")
        ),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("setting", "untold")),
        sa.Column("median_ms", sa.Float(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("report_sha256"),
    )
