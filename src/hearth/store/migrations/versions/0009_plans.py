"""Kept plans, and the traversals that carry them out."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BLOB = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=True),
        sa.Column("username", sa.String(length=255), nullable=True),
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.Column("stack_name", sa.String(length=255), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("definition_id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", BLOB, nullable=False),
        sa.Column("basis", BLOB, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("applied_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
    )
    op.create_index(op.f("ix_plan_stack_id"), "plan", ["stack_id"], unique=False)
    op.create_index(op.f("ix_plan_definition_id"), "plan", ["definition_id"], unique=False)
    op.create_index("ix_plan_listed", "plan", ["project_id", "created_at"], unique=False)
    op.create_index("ix_plan_expires", "plan", ["expires_at"], unique=False)
    op.add_column("traversal", sa.Column("plan_id", sa.String(length=36), nullable=True))
    op.add_column("traversal", sa.Column("plan_path", sa.Text(), nullable=True))
