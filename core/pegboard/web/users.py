"""Who is asking, and the guards that views and templates put before what is not for everyone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import abort, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response

from pegboard.contracts.users import ROLES, User
from pegboard.i18n import gettext as _
from pegboard.live import current_board
from pegboard.rehearsal import GUARDS

from .negotiation import wants_json

P = ParamSpec("P")
R = TypeVar("R")


def current_user() -> User | None:
    """The signed-in person, or None. Asked of the accounts at most once a request."""
    if "pegboard_user" not in g:
        source = current_board().user_source
        g.pegboard_user = source.load() if source else None
    return cast(User | None, g.pegboard_user)


def forget_user() -> None:
    """Ask again at the next `current_user()`: after signing in or out."""
    g.pop("pegboard_user", None)


def names_of(subjects: Collection[str]) -> Mapping[str, str]:
    """The names of people by their subject, of those the accounts know. For lists of what others own."""
    source = current_board().user_source
    return source.names(subjects) if source and source.names and subjects else {}


def can(permission: str) -> bool:
    """Whether the person asking has a permission. LookupError for a name that no plugin declared."""
    if permission not in current_board().permissions:
        raise LookupError(f"no enabled plugin declares the permission {permission!r}")
    user = current_user()
    return user is not None and permission in user.permissions


def has_role(name: str) -> bool:
    """Whether the person asking has a role; an administrator has all. LookupError for a name that is no role."""
    if name not in ROLES:
        raise LookupError(f"there is no role {name!r}; there are {', '.join(ROLES)}")
    user = current_user()
    return user is not None and not user.roles.isdisjoint({name, "admin"})


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """A view for people who are signed in. Others are sent to sign in, API clients get 401."""
    return _guarded(view, "signed_in", "", None, lambda user: True)


def role(name: str, *, fallback: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A view for people with a role, and for administrators. Others get 403, or are sent to the endpoint `fallback`."""
    return lambda view: _guarded(view, "role", name, fallback, lambda user: not user.roles.isdisjoint({name, "admin"}))


def permission(name: str, *, fallback: str | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A view for people with a permission. Others get 403, or are sent to the endpoint `fallback`."""
    return lambda view: _guarded(view, "permission", name, fallback, lambda user: name in user.permissions)


def _guarded(
    view: Callable[P, R], kind: str, name: str, fallback: str | None, allowed: Callable[[User], bool]
) -> Callable[P, R]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        user = current_user()
        if user is None:
            return ask_to_sign_in()
        if allowed(user):
            return view(*args, **kwargs)
        if fallback is not None and not wants_json():
            flash(_("You do not have access to that page."), "warning")
            return redirect(url_for(fallback))
        return abort(403)

    setattr(guarded, GUARDS, (*getattr(view, GUARDS, ()), (kind, name)))
    return guarded


def ask_to_sign_in() -> Response:
    """Send a person to sign in and back; answer an API client, or a board without accounts, with 401."""
    source = current_board().user_source
    if source is None or wants_json():
        abort(401)
    wanted = f"{request.root_path}{request.full_path.rstrip('?')}" if request.method == "GET" else None
    return redirect(url_for(source.sign_in_endpoint, next=wanted))
