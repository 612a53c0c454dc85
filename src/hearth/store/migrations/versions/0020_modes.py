"""Stacks of the legacy mode, and which engine works on each."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("stack", sa.Column("convergence", sa.Boolean(), nullable=True))
    op.create_table(
        "stack_lock",
        sa.Column("root_id", sa.String(length=36), nullable=False),
        sa.Column("engine_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("root_id", name=op.f("pk_stack_lock")),
    )
