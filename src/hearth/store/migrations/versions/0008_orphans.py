"""Objects that are let go, and what actions leave undone."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BLOB = sa.LargeBinary()


def upgrade() -> None:
    op.add_column("traversal", sa.Column("waivers", BLOB, nullable=True))
    op.create_table(
        "orphan",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.Column("stack_name", sa.String(length=255), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("physical_id", sa.String(length=255), nullable=True),
        sa.Column("physical_name", sa.String(length=255), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=255), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("secret", BLOB, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orphan")),
    )
    op.create_index(op.f("ix_orphan_project_id"), "orphan", ["project_id"], unique=False)
    op.create_index(op.f("ix_orphan_physical_id"), "orphan", ["physical_id"], unique=False)
