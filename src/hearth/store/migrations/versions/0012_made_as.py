"""What made the object of a resource, where the environment maps its type to another."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("resource", sa.Column("made_as", sa.String(length=255), nullable=True))
