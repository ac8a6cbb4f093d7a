"""The tables of accounts: people, the sessions they are signed in with, and the roles they were given."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pegboard.db import ModelBase, metadata, utc_now

from .keys import uuid7


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "accounts"


class User(Base):
    """A person. `email` is normalised (see `addresses`); `disabled_at` is when they were shut out, if they were."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=uuid7)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    disabled_at: Mapped[datetime | None]

    def __repr__(self) -> str:
        return f"<User {self.id}>"


class AuthSession(Base):
    """One browser that is signed in. The cookie has the token; here is only its SHA-256, in hexadecimal.

    `expires_at` is the absolute limit; the idle limit counts from `last_seen_at`, which may lag by five minutes.
    """

    __tablename__ = "auth_sessions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=uuid7)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ip: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(300))


class UserRole(Base):
    """A role that somebody was given. Everyone has the role `user`, which is not stored."""

    __tablename__ = "user_roles"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
