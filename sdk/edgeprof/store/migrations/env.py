"""Runs the migrations on the connection that `edgeprof.store` hands over."""

from alembic import context

from edgeprof.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # SQLite cannot alter a column in place.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
