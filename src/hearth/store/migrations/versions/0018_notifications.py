"""Notifications that are still to be sent."""

import sqlalchemy as sa
from alembic import op

from hearth.store.tables import Blob

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "notification",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("event_type", sa.String(length=255), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("payload", Blob, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_notification")),
    )
