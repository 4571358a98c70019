"""Let one job on the device be an attempt of several probes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    op.add_column("attempt", sa.Column("series_id", sa.String(), nullable=True))
