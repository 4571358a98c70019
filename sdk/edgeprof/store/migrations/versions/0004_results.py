"""Name the model of a measurement, and keep the interval of its median where a list reads it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.add_column("measurement", sa.Column("model_name", sa.String(length=255), nullable=True))
    op.add_column("measurement", sa.Column("lower_ms", sa.Float(), nullable=True))
    op.add_column("measurement", sa.Column("upper_ms", sa.Float(), nullable=True))
    op.execute(
        "UPDATE measurement SET lower_ms = json_extract(record, '$.median_interval.lower_ms'), "
        "upper_ms = json_extract(record, '$.median_interval.upper_ms')"
    )
