"""The table inbound_messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pegboard.db import UtcDateTime

revision = "inbound_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inbound_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook", sa.String(500), nullable=False),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_messages")),
        sa.UniqueConstraint("webhook", name=op.f("uq_inbound_messages_webhook")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("inbound_messages")
