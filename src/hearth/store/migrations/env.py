"""Runs migrations on the connection that `Store.migrate` hands over."""

from alembic import context

from hearth.store import tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
