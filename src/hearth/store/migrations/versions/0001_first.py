"""The first schema."""

from alembic import op

from hearth.store import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    tables.metadata.create_all(op.get_bind())
