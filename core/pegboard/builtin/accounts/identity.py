"""Who is asking: a person as requests see them, and Flask-Login as the facade that other extensions know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import Flask, g, session

from pegboard.live import current_board
from pegboard.web.users import ask_to_sign_in, forget_user

if TYPE_CHECKING:
    from .models import User


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person, apart from the database session: a rollback in a view does not change who is asking."""

    subject: str
    name: str
    email: str
    roles: frozenset[str]
    permissions: frozenset[str]
    session_id: str = ""
    token: str = field(default="", repr=False)

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What Flask-Login writes into the cookie: the session's token, never the person's key."""
        return self.token


def permissions_of(roles: frozenset[str]) -> frozenset[str]:
    """What these roles allow, of all that the enabled plugins declare. `admin` has everything."""
    declared = current_board().permissions
    return frozenset(name for name, one in declared.items() if "admin" in roles or roles.intersection(one.roles))


def init_login(app: Flask) -> None:
    """Flask-Login without its remember cookie, its session protection and its context processor.

    Its `login_required`, which applications may have above their views, asks people to sign in as our own guard does.
    """
    from flask_login import LoginManager

    from .sessions import load

    manager = LoginManager(app, add_context_processor=False)
    manager.session_protection = None
    manager.user_loader(load)
    manager.unauthorized_handler(ask_to_sign_in)


def load_identity() -> Identity | None:
    """The person of this request, or None. One query at most, and none without a cookie."""
    if "_user_id" not in session:
        return None
    from flask_login import current_user

    return cast(Identity, current_user._get_current_object()) if current_user.is_authenticated else None


def sign_in(user: User) -> bool:
    """Start a session for a person and put it in the cookie. Nothing of what the cookie held before remains.

    False where the account changed since `user` was loaded: a password that is just being replaced opens nothing.
    """
    from flask_login import login_user

    from . import sessions

    ended = cast(str | None, session.get("_user_id"))
    identity = sessions.start(user, replaces=ended)
    if identity is None:
        return False
    _forget_cookie()
    login_user(identity)
    session.permanent = True
    forget_user()
    return True


def sign_out() -> None:
    """End the session of this request, in the database and in the cookie."""
    from flask_login import logout_user

    from . import sessions

    token = cast(str | None, session.get("_user_id"))
    if token:
        sessions.end(token)
    logout_user()
    _forget_cookie()
    forget_user()


def _forget_cookie() -> None:
    """Empty the cookie, and with it the CSRF token, so that a planted one is worth nothing afterwards."""
    session.clear()
    g.pop("csrf_token", None)
