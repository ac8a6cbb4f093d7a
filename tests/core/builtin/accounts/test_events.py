"""What happens to accounts is told to whoever listens, once it is committed and not otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pegboard import Plugin, hookimpl
from pegboard.builtin.accounts import roles, service, sessions
from pegboard.db import db
from pegboard.errors import Refused
from pegboard.events import (
    Event,
    PasswordChanged,
    RoleGranted,
    RoleRevoked,
    UserRegistered,
    UserRenamed,
    UserSignedIn,
)
from pegboard.live import board_of
from pegboard.testing.boards import making_boards
from pegboard.work.kinds import kind_of
from pegboard.work.models import Work

PASSWORD = "correct horse battery"


class Listener(Plugin[Any]):
    """Hears everything about accounts."""

    name = "listener"

    @hookimpl
    def user_registered(self, event: UserRegistered) -> None: ...

    @hookimpl
    def user_signed_in(self, event: UserSignedIn) -> None: ...

    @hookimpl
    def user_renamed(self, event: UserRenamed) -> None: ...

    @hookimpl
    def password_changed(self, event: PasswordChanged) -> None: ...

    @hookimpl
    def role_granted(self, event: RoleGranted) -> None: ...

    @hookimpl
    def role_revoked(self, event: RoleRevoked) -> None: ...


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """A board with accounts and the listener, and its context."""
    with making_boards(tmp_path / "instance") as make:
        app = make("accounts", Listener)
        with app.app_context():
            yield app


def told(app: Flask) -> list[Event]:
    """The events that were recorded, without their ids and times."""
    from pegboard.events.coding import decoded

    rows = db.session.scalars(select(Work).order_by(Work.id)).all()
    return [decoded(kind_of(board_of(app), str(row.event_type)), 1, str(row.data)) for row in rows]


def kinds(app: Flask) -> list[str]:
    return [type(event).__name__ for event in told(app)]


def test_a_new_account_is_told_with_its_roles(app: Flask) -> None:
    user = service.create_user("Ada@Example.com", "Ada", PASSWORD, roles=["admin"])
    registered, granted = told(app)
    assert isinstance(registered, UserRegistered)
    assert (registered.user, registered.email, registered.name) == (user.id, user.email, "Ada")
    assert isinstance(granted, RoleGranted)
    assert (granted.user, granted.role) == (user.id, "admin")


def test_an_account_that_is_refused_is_told_to_nobody(app: Flask) -> None:
    service.create_user("ada@example.com", "Ada", PASSWORD)
    with pytest.raises(Refused):
        service.create_user("ada@example.com", "Ada again", PASSWORD)
    db.session.commit()
    assert kinds(app) == ["UserRegistered"]


def test_what_changes_is_told_and_what_does_not_is_not(app: Flask) -> None:
    user = service.create_user("ada@example.com", "Ada", PASSWORD)
    service.rename(user.id, "Ada")
    service.rename(user.id, "Ada Lovelace")
    service.change_password(user.id, PASSWORD, "another horse battery")
    with pytest.raises(Refused):
        service.change_password(user.id, PASSWORD, "a third horse battery")
    assert kinds(app) == ["UserRegistered", "UserRenamed", "PasswordChanged"]


def test_roles_are_told_as_they_are_given_and_taken(app: Flask) -> None:
    user = service.create_user("ada@example.com", "Ada", PASSWORD)
    assert roles.grant(user, "moderator")
    assert not roles.grant(user, "moderator")
    assert roles.revoke(user, "moderator")
    assert not roles.revoke(user, "moderator")
    assert kinds(app) == ["UserRegistered", "RoleGranted", "RoleRevoked"]


def test_signing_in_is_told_with_the_session_and_not_its_token(app: Flask) -> None:
    user = service.create_user("ada@example.com", "Ada", PASSWORD)
    with app.test_request_context():
        identity = sessions.start(user)
    assert identity is not None
    signed_in = told(app)[-1]
    assert isinstance(signed_in, UserSignedIn)
    assert signed_in.session == identity.session_id != identity.token
