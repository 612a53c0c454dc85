"""For which part of a stack a definition holds, nested stacks included."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

BLOB = sa.LargeBinary()


def upgrade() -> None:
    op.add_column("definition", sa.Column("part", BLOB, nullable=True))
    op.add_column("definition", sa.Column("owner_id", sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_definition_owner_id"), "definition", ["owner_id"], unique=False)
