"""What a plugin said about a file; owners to lock; and every object there is of the files that are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from pegboard.db import UtcDateTime

revision = "files_0002"
down_revision = "files_0001"
branch_labels = None
depends_on = None

LONGEST_SIGNATURE = timedelta(days=1)


def upgrade() -> None:
    op.add_column("files", sa.Column("refusal", sa.String(500), nullable=True))
    op.create_table(
        "files_owners",
        sa.Column("owner", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_files_owners")),
    )
    op.create_index("ix_files_owner_state_size", "files", ["owner", "state", "size"])
    op.create_table(
        "files_objects",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("file_id", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("open_until", UtcDateTime(), nullable=True),
        sa.Column("keep_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_files_objects")),
    )
    op.create_index("ix_files_objects_file_id", "files_objects", ["file_id"])
    op.create_index("ix_files_objects_state_open_until", "files_objects", ["state", "open_until"])
    _write_down_what_there_is()


def downgrade() -> None:
    op.drop_table("files_objects")
    op.drop_index("ix_files_owner_state_size", "files")
    op.drop_table("files_owners")
    op.drop_column("files", "refusal")


def _write_down_what_there_is() -> None:
    """An upload may still be signed, or may never have been deleted: it is an object of its own beside the file's."""
    names = ("id", "owner", "provider", "key", "upload_key", "size", "state")
    files = sa.table("files", *(sa.column(name) for name in names)).c
    columns = ("key", "provider", "file_id", "owner", "size", "state")
    objects = sa.table("files_objects", *(sa.column(name) for name in columns), sa.column("open_until", UtcDateTime()))
    open_until = sa.literal(datetime.now(UTC) + LONGEST_SIGNATURE, UtcDateTime())
    own, upload = (files.upload_key.is_(None), files.upload_key != files.key), files.upload_key.is_not(None)
    settled = sa.case((files.state == "ready", sa.null()), else_=open_until)
    for key, ready, until, which in (
        (files.key, "kept", settled, sa.or_(*own)),
        (files.upload_key, "unwanted", open_until, upload),
    ):
        state = sa.case((files.state == "ready", ready), (files.state == "pending", "open"), else_="unwanted")
        known = sa.select(key, files.provider, files.id, files.owner, files.size, state, until).where(which)
        op.execute(objects.insert().from_select([*columns, "open_until"], known))
