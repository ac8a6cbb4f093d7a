"""The table of the plugin."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pegboard.db import ModelBase, metadata

LONGEST = 4_000  # characters


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "inbound"


class Message(Base):
    """What a sender has posted. `webhook` is the sender's id, `text` the data as JSON, cut off where it is long."""

    __tablename__ = "inbound_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook: Mapped[str] = mapped_column(String(500), unique=True)
    type: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]
