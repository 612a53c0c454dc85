"""Where the events of stacks are to be brought."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "event_sink",
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.Column("sinks", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("stack_id", name="pk_event_sink"),
    )
