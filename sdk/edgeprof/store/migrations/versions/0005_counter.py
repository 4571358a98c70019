"""Count outcomes in a row of its own, which hosts that share a store change one after the other."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "counter",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.execute(
        "INSERT INTO counter SELECT 1, coalesce(max(sequence), 0) FROM "
        "(SELECT sequence FROM measurement UNION ALL SELECT sequence FROM attempt) AS outcomes"
    )
