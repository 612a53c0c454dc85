"""The request that began a traversal, under whose ids all its work is told of."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("traversal", sa.Column("trail", sa.Text(), nullable=True))
