"""Name the fields that another tool does not report by a plain word."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE other_result RENAME COLUMN untold TO unreported_fields")
