"""Uploads in parts: how large a part of a file is, and what the store calls the upload."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "files_0003"
down_revision = "files_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("files", sa.Column("part_size", sa.BigInteger(), nullable=True))
    op.add_column("files_objects", sa.Column("upload_id", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("files_objects", "upload_id")
    op.drop_column("files", "part_size")
