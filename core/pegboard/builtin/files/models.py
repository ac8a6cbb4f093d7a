"""The tables: files with their owners and how far they have come, and every object that a provider has of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pegboard.db import ModelBase, metadata, utc_now

PENDING, READY, FAILED, DELETING = "pending", "ready", "failed", "deleting"
OPEN, KEPT, UNWANTED = "open", "kept", "unwanted"


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "files"


class File(Base):
    """One file, from before its first byte is stored until its last object is deleted.

    `owner` is the subject of a person, whoever manages the accounts; `provider` names the storage it is in, whatever
    the deployment chooses today. `upload_key` is where a browser sends it; what was looked at is a copy under a `key` of
    its own. `size` is bytes: as announced while `pending`, as found when `ready`. `problem` says why it `failed`;
    where a plugin refused it, `refusal` has its words. `part_size` is bytes, where a browser sends it in parts.
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
    refusal: Mapped[str | None] = mapped_column(String(500))
    part_size: Mapped[int | None] = mapped_column(BigInteger)
    public: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Owner(Base):
    """Somebody who has stored a file: a row to lock, so that an owner's files begin one after the other."""

    __tablename__ = "files_owners"

    owner: Mapped[str] = mapped_column(String(255), primary_key=True)


class StoredObject(Base):
    """One object that a provider has, or may yet get: written before it can exist, deleted when it no longer can.

    `open`: somebody may be writing it. `kept`: it is what its file consists of. `unwanted`: to be deleted, for good.
    `open_until` is the last moment at which writing may begin: the end of a signature, or when we began ourselves; None
    when nobody writes any more. An unwanted object stays until `keep_until`, while links to it are in use.
    The file may be gone before the row is. `size` is bytes, where they are known. `upload_id` is the store's name of an
    upload in parts that makes the object: to delete it means to abort that, too.
    """

    __tablename__ = "files_objects"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64))
    file_id: Mapped[str] = mapped_column(String(32), index=True)
    owner: Mapped[str] = mapped_column(String(255))
    size: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), default=OPEN)
    open_until: Mapped[datetime | None]
    keep_until: Mapped[datetime | None]
    upload_id: Mapped[str | None] = mapped_column(Text)


Index("ix_files_owner_created_at", File.owner, File.created_at)
Index("ix_files_owner_state_size", File.owner, File.state, File.size)  # holds all that a quota asks
Index("ix_files_state_created_at", File.state, File.created_at)
Index("ix_files_objects_state_open_until", StoredObject.state, StoredObject.open_until)
