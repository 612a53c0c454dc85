"""Definitions that hold for a part of a stack only."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BLOB = sa.LargeBinary()


def upgrade() -> None:
    op.add_column("definition", sa.Column("base_id", sa.String(length=36), nullable=True))
    op.add_column("definition", sa.Column("left_out", BLOB, nullable=True))
    op.create_index(op.f("ix_definition_base_id"), "definition", ["base_id"], unique=False)
