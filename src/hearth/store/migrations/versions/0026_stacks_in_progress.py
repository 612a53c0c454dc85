"""How engines find the stacks in progress: each look went through all stacks there are."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_index("ix_stack_status", "stack", ["status"])
