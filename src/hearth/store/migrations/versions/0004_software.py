"""Software configs and deployments."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BLOB = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "software_config",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("tool", sa.String(length=255), nullable=True),
        sa.Column("body", BLOB, nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_software_config")),
    )
    op.create_index("ix_software_config_listed", "software_config", ["project_id", "created_at"], unique=False)
    op.create_table(
        "software_deployment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("user_project_id", sa.String(length=64), nullable=True),
        sa.Column("config_id", sa.String(length=36), nullable=False),
        sa.Column("server_id", sa.String(length=255), nullable=False),
        sa.Column("action", sa.String(length=255), nullable=True),
        sa.Column("status", sa.String(length=255), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("inputs", BLOB, nullable=True),
        sa.Column("outputs", BLOB, nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_software_deployment")),
    )
    op.create_index(op.f("ix_software_deployment_config_id"), "software_deployment", ["config_id"], unique=False)
    op.create_index(op.f("ix_software_deployment_server_id"), "software_deployment", ["server_id"], unique=False)
    op.create_index("ix_software_deployment_listed", "software_deployment", ["project_id", "created_at"], unique=False)
