"""Tokens of the users who began what is going on, for services that delegate further by themselves."""

import sqlalchemy as sa
from alembic import op

from hearth.store.tables import Blob

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "lent_token",
        sa.Column("credential_id", sa.String(length=36), nullable=False),
        sa.Column("token", Blob, nullable=False),
        sa.Column("lent_at", sa.Double(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("credential_id", name=op.f("pk_lent_token")),
    )
