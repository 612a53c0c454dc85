"""Alarms that Hearth watches over by itself, the datapoints that they look at, and what they have to signal."""

import sqlalchemy as sa
from alembic import op

from hearth.store.databases import Text
from hearth.store.tables import Blob

revision = "0024"
down_revision = "0023"


def _seq() -> sa.Column[int]:
    return sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False)


def upgrade() -> None:
    op.create_table(
        "lite_alarm",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("stack_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", Text, nullable=False),
        sa.Column("rule", Blob, nullable=False),
        sa.Column("watched_since", sa.Double(), nullable=False),
        sa.Column("configured_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lite_alarm")),
    )
    for column in ("stack_id", "project_id", "due_at"):
        op.create_index(op.f(f"ix_lite_alarm_{column}"), "lite_alarm", [column])
    op.create_table(
        "lite_alarm_datapoint",
        _seq(),
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("body", Blob, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_lite_alarm_datapoint")),
    )
    op.create_index(op.f("ix_lite_alarm_datapoint_project_id"), "lite_alarm_datapoint", ["project_id"])
    op.create_index("ix_lite_alarm_datapoint_read", "lite_alarm_datapoint", ["alarm_id", "at"])
    op.create_table(
        "lite_alarm_action",
        _seq(),
        sa.Column("alarm_id", sa.String(length=36), nullable=False),
        sa.Column("action", Blob, nullable=False),
        sa.Column("reason", Text, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_lite_alarm_action")),
    )
    op.create_index(op.f("ix_lite_alarm_action_alarm_id"), "lite_alarm_action", ["alarm_id"])
    op.create_index(op.f("ix_lite_alarm_action_due_at"), "lite_alarm_action", ["due_at"])
