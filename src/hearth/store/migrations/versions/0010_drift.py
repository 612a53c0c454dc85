"""Drift of resources, and what users decided about it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

BLOB = sa.LargeBinary()


def upgrade() -> None:
    op.add_column("resource", sa.Column("drift", BLOB, nullable=True))
    op.add_column("traversal", sa.Column("converge", sa.Boolean(), nullable=True))
    op.create_table(
        "drift_treatment",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("property", sa.String(length=255), nullable=False),
        sa.Column("treatment", sa.String(length=16), nullable=False),
        sa.Column("body", BLOB, nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_treatment")),
    )
    op.create_index(op.f("ix_drift_treatment_stack_id"), "drift_treatment", ["stack_id"], unique=False)
