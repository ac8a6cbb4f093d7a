"""The tables of work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "work",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("queue", sa.String(16), nullable=False),
        sa.Column("handler", sa.String(255), nullable=False),
        sa.Column("source", sa.String(64), nullable=True),
        sa.Column("dedupe_key", sa.String(255), nullable=True),
        sa.Column("lane", sa.String(512), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("run_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(255), nullable=True),
        sa.Column("event_id", sa.String(36), nullable=True),
        sa.Column("event_type", sa.String(128), nullable=True),
        sa.Column("event_version", sa.Integer(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("progress", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(64), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("purged_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_work_dedupe_key")),
        sqlite_autoincrement=True,
    )
    _only("uq_work_lane_leased", "lane", where="status = 'leased'", unique=True)
    _only("ix_work_lane_pending", "lane", where="status = 'pending'")
    _only("ix_work_lane_waiting", "lane", "id", where="status = 'waiting'")
    _only("ix_work_due", "queue", "run_at", "id", where="status = 'pending'")
    _only("ix_work_leases", "lease_until", where="status = 'leased'")
    _only("ix_work_stopped", "status", "id", where="status IN ('dead', 'parked')")
    _only("ix_work_unpurged", "finished_at", where="purged_at IS NULL AND finished_at IS NOT NULL")
    op.create_table(
        "work_gates",
        sa.Column("handler", sa.String(255), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("handler", "provider", name=op.f("pk_work_gates")),
    )
    op.create_table(
        "work_replays",
        sa.Column("id", KEY, nullable=False),
        sa.Column("work_id", sa.BigInteger(), nullable=False),
        sa.Column("replayed_by", sa.String(255), nullable=False),
        sa.Column("replayed_at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_replays")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_work_replays_work_id", "work_replays", ["work_id"])
    op.create_table(
        "work_alarms",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_work_alarms")),
    )


def downgrade() -> None:
    op.drop_table("work_alarms")
    op.drop_table("work_replays")
    op.drop_table("work_gates")
    op.drop_table("work")


def _only(name: str, *columns: str, where: str, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, "work", list(columns), unique=unique, sqlite_where=condition, postgresql_where=condition)
