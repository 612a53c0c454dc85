"""The oldest schema whose programs may still work on this one."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    floor = op.create_table("schema_floor", sa.Column("version", sa.String(length=32), nullable=False))
    op.bulk_insert(floor, [{"version": revision}])
