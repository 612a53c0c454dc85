"""An index by which a stack is found for its own users."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index("ix_stack_user_project", "stack", ["stack_user_project_id"], unique=False)
