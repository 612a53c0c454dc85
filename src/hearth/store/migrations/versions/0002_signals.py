"""Nodes that wait for the signals of a resource."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("node", sa.Column("waits_for", sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_node_waits_for"), "node", ["waits_for"])
