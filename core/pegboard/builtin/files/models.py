"""The table `files`: what is stored, whose it is, and how far it has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pegboard.db import ModelBase, metadata, utc_now

PENDING, READY, FAILED, DELETING = "pending", "ready", "failed", "deleting"


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "files"


class File(Base):
    """One file. The row is there before the object, and goes after it, so that no object is ever unknown.

    `owner` is the subject of a person, whoever manages the accounts; `provider` names the storage it is in, whatever
    the deployment chooses today. `upload_key` is where a browser sends it; to look at it, it is copied to a `key` of its own.
    `size` is bytes: as announced while `pending`, as found when `ready`. `problem` says why it `failed`.
    """

    __tablename__ = "files"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(255))
    provider: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    upload_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    filename: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), default=PENDING)
    problem: Mapped[str | None] = mapped_column(String(32))
    public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


Index("ix_files_owner_created_at", File.owner, File.created_at)
Index("ix_files_state_created_at", File.state, File.created_at)
