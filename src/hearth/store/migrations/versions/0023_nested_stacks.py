"""How the stack that a resource owns is found: each look went through all stacks there are."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_index(op.f("ix_stack_owner_resource_id"), "stack", ["owner_resource_id"])
