"""Indexes by which what is no longer wanted is found."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name in ("template", "environment", "files"):
        op.create_index(op.f(f"ix_definition_{name}"), "definition", [name], unique=False)
    op.create_index(op.f("ix_stack_deleted_at"), "stack", ["deleted_at"], unique=False)
    op.create_index(op.f("ix_stack_credential_id"), "stack", ["credential_id"], unique=False)
