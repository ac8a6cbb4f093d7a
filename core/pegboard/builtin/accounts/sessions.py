"""Sessions on the server: started, found by the cookie's token, listed, ended. Ending one ends it for every copy of the cookie."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import current_app, has_request_context, request, session
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.exc import OperationalError

from pegboard import events
from pegboard.db import db, has_written, utc_now
from pegboard.web.limits import client_address
from pegboard.work import record

from .identity import Identity, permissions_of
from .keys import uuid7
from .models import AuthSession, User, UserRole

log = logging.getLogger("pegboard.accounts")
TOUCH = timedelta(minutes=5)
"""`last_seen_at` is written at most this often."""
LIMITS = "pegboard.accounts.limits"
"""Where the application keeps the idle and the absolute limit, as timedeltas."""


def digest(token: str) -> str:
    """What is stored of a token. It is 32 random bytes, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def start(user: User, *, replaces: str | None = None) -> Identity | None:
    """Commit a new session, and end the one whose token is `replaces`. None where the account changed meanwhile."""
    identity = _add(user)
    if replaces:
        db.session.execute(delete(AuthSession).where(AuthSession.token_hash == digest(replaces)))
    # Read after the first write, under its lock: a change of password either sees this session, or is seen here.
    seen = db.session.execute(
        select(User.password_hash, User.disabled_at).where(User.id == user.id).with_for_update(read=True)
    ).one_or_none()
    if seen is None or seen.disabled_at is not None or seen.password_hash != user.password_hash:
        db.session.rollback()
        return None
    db.session.execute(delete(AuthSession).where(AuthSession.user_id == user.id, _ended()))
    record(events.UserSignedIn(user.id, identity.session_id))
    db.session.commit()
    return identity


def _add(user: User) -> Identity:
    """A session's row, not committed, and the identity with its token."""
    token, now = secrets.token_urlsafe(32), utc_now()
    agent = request.user_agent.string if has_request_context() else ""
    row = AuthSession(
        id=uuid7(), token_hash=digest(token), user_id=user.id, created_at=now, last_seen_at=now,
        expires_at=now + _limits()[1], ip=client_address()[:45], user_agent=agent[:300],
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return Identity(user.id, user.name, user.email, frozenset(), frozenset(), row.id, token)


def load(token: str) -> Identity | None:
    """The person whose cookie has this token, with their roles, in one query. None if the session has ended."""
    now = utc_now()
    columns = (AuthSession.id, AuthSession.last_seen_at, User.id, User.name, User.email, UserRole.role)
    rows = db.session.execute(
        select(*columns)
        .join(User, User.id == AuthSession.user_id)
        .outerjoin(UserRole, UserRole.user_id == User.id)
        .where(AuthSession.token_hash == digest(token), ~_ended(), User.disabled_at.is_(None))
    ).all()
    if not rows:
        return None
    session_id, last_seen_at, subject, name, email, _role = rows[0]
    if now - last_seen_at >= TOUCH:
        _touch(session_id, last_seen_at)
    roles = frozenset({"user", *(row[5] for row in rows if row[5])})
    return Identity(subject, name, email, roles, permissions_of(roles), session_id, token)


def _touch(session_id: str, seen: Any) -> None:
    """Note that the session is in use, on a connection of its own: what a view has not committed stays so."""
    if has_written(db.session()):
        return  # a view that has begun to write may hold the lock; the next request does it
    statement = (
        update(AuthSession)
        .where(AuthSession.id == session_id, AuthSession.last_seen_at == seen)
        .values(last_seen_at=utc_now(), ip=client_address()[:45])
    )
    try:
        with db.engine.begin() as connection:
            connection.execute(statement)
    except OperationalError as error:
        log.warning("last_seen_at was not written: %s", error.orig)
    session.modified = True  # the cookie's own lifetime starts anew


def listed(subject: str) -> Sequence[AuthSession]:
    """The sessions of a person that have not ended, the last used first."""
    return db.session.scalars(
        select(AuthSession)
        .where(AuthSession.user_id == subject, ~_ended())
        .order_by(AuthSession.last_seen_at.desc(), AuthSession.id.desc())
    ).all()


def revoke(subject: str, session_id: str) -> bool:
    """End one session of this person, and commit. False if they have no such session."""
    found = db.session.execute(delete(AuthSession).where(AuthSession.id == session_id, AuthSession.user_id == subject))
    db.session.commit()
    return bool(found.rowcount)  # type: ignore[attr-defined]  # a DELETE's result has it


def end(token: str) -> None:
    """End the session with this token, and commit."""
    db.session.execute(delete(AuthSession).where(AuthSession.token_hash == digest(token)))
    db.session.commit()


def end_all(subject: str) -> None:
    """End every session of a person. The caller commits."""
    db.session.execute(delete(AuthSession).where(AuthSession.user_id == subject))


def forget_ended() -> None:
    """Delete the sessions of everyone that have ended by themselves. The caller commits."""
    db.session.execute(delete(AuthSession).where(_ended()))


def _ended() -> ColumnElement[bool]:
    """Past the absolute limit, or past the idle one."""
    now = utc_now()
    return or_(AuthSession.expires_at <= now, AuthSession.last_seen_at <= now - _limits()[0])


def _limits() -> tuple[timedelta, timedelta]:
    found: tuple[timedelta, timedelta] = current_app.extensions[LIMITS]
    return found
