"""How often a node's work was tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("node", sa.Column("tries", sa.Integer(), server_default="0", nullable=False))
