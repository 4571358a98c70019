"""Name the model of a measurement, and keep the interval of its median where a list reads it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.add_column("measurement", sa.Column("model_name", sa.String(), nullable=True))
    op.add_column("measurement", sa.Column("lower_ms", sa.Float(), nullable=True))
    op.add_column("measurement", sa.Column("upper_ms", sa.Float(), nullable=True))
    measurement = sa.table(
        "measurement", *(sa.column(name) for name in ("lower_ms", "upper_ms")), sa.column("record", sa.JSON)
    )
    ends = {name: measurement.c.record[("median_interval", name)].as_float() for name in ("lower_ms", "upper_ms")}
    op.execute(measurement.update().values(ends))
