"""People for tests: accounts on a board, and browsers in which they are signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flask import Flask, session

from pegboard.errors import PegboardError
from pegboard.live import board_of

from .boards import BoardClient

if TYPE_CHECKING:
    from pegboard.builtin.accounts.models import User

PASSWORD = "correct horse battery"  # noqa: S105 - of nobody


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. `subject` is what plugins store as an owner; the roles are those besides `user`."""

    subject: str
    name: str
    email: str
    roles: tuple[str, ...] = ()
    password: str = field(default=PASSWORD, repr=False)


class MakePerson(Protocol):
    """What the fixture `make_person` is."""

    def __call__(self, name: str, /, *roles: str) -> Person: ...


class SignIn(Protocol):
    """What the fixture `sign_in` is."""

    def __call__(self, person: Person, /) -> BoardClient: ...


def person_maker(app: Flask) -> MakePerson:
    """Makes accounts on this board. PegboardError where it has none."""
    if board_of(app).plan.entry("accounts") is None:
        raise PegboardError('this board has no accounts: make it with make_board(plugin, "accounts")')

    def make(name: str, /, *roles: str) -> Person:
        from pegboard.builtin.accounts.service import create_user

        email = f"{name.lower().replace(' ', '.')}@example.com"
        with app.app_context():
            return Person(create_user(email, name, PASSWORD, roles).id, name, email, roles)

    return make


def signed_in(app: Flask, person: Person) -> BoardClient:
    """A browser with the cookie that signing in leaves; the form is not asked, so no limit counts it."""
    from pegboard.builtin.accounts.identity import sign_in

    with app.test_request_context():
        sign_in(_user(person))
        left = dict(session)
    client = BoardClient.of(app)
    with client.session_transaction() as cookie:
        cookie.update(left)
    return client


def _user(person: Person) -> User:
    from pegboard.builtin.accounts.models import User
    from pegboard.db import db

    return db.session.get_one(User, person.subject)
