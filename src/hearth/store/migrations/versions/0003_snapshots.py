"""Snapshots of stacks."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BLOB = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("traversal_id", sa.BigInteger(), nullable=False),
        sa.Column("members", BLOB, nullable=False),
        sa.Column("data", BLOB, nullable=True),
        sa.Column("owner", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
    )
    op.create_index(op.f("ix_snapshot_stack_id"), "snapshot", ["stack_id"], unique=False)
    op.create_index("ix_snapshot_work", "snapshot", ["action", "status"], unique=False)
