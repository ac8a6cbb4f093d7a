"""The pages of one's own account: profile, password, sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from pegboard.errors import Refused
from pegboard.i18n import gettext as _
from pegboard.web.limits import spend
from pegboard.web.users import current_user, forget_user, signed_in

from . import identity
from .devices import device

if TYPE_CHECKING:
    from .models import AuthSession


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A session as its page shows it: no token, and the browser in words."""

    id: str
    device: str
    ip: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


def add_rules(pages: Blueprint) -> None:
    """Add the pages of this module."""
    pages.add_url_rule("/profile", "profile", profile, methods=["GET", "POST"])
    pages.add_url_rule("/password", "password", password, methods=["GET", "POST"])
    pages.add_url_rule("/sessions", "sessions", sessions)
    pages.add_url_rule("/sessions/<uuid:session_id>/revoke", "revoke_session", revoke_session, methods=["POST"])


@signed_in
def profile() -> Any:
    """Show who I am, and change the name that others see."""
    from .forms import ProfileForm
    from .service import rename

    me, form = _me(), ProfileForm()
    if request.method == "GET":
        form.name.data = me.name
    elif form.validate():
        rename(me.subject, form.name.data or "")
        forget_user()
        flash(_("Saved."), "success")
        return redirect(url_for("accounts.profile"))
    return _page("profile", form=form, email=me.email, roles=sorted(me.roles - {"user"}))


@signed_in
def password() -> Any:
    """Change my password, which ends every session and starts a new one here."""
    from .forms import PasswordForm
    from .service import change_password

    me, form = _me(), PasswordForm()
    if request.method == "POST" and form.validate():
        spend("5/minute", "accounts.password", me.subject)
        try:
            user = change_password(me.subject, form.current_password.data or "", form.new_password.data or "")
        except Refused as error:
            form.current_password.errors = [*form.current_password.errors, str(error)]
        else:
            identity.sign_in(user)
            flash(_("Your password is changed. You are signed out everywhere else."), "success")
            return redirect(url_for("accounts.password"))
    return _page("password", form=form, email=me.email)


@signed_in
def sessions() -> Any:
    """List where I am signed in, this browser first."""
    from .sessions import listed

    me = _me()
    shown = [_shown(row, me.session_id) for row in listed(me.subject)]
    return _page("sessions", sessions=sorted(shown, key=lambda one: not one.current))


@signed_in
def revoke_session(session_id: UUID) -> Any:
    """End one of my sessions; nobody else's."""
    from .sessions import revoke

    me, wanted = _me(), str(session_id)
    if wanted == me.session_id:
        identity.sign_out()
        flash(_("You are signed out."), "success")
        return redirect(url_for("accounts.sign_in"))
    if not revoke(me.subject, wanted):
        abort(404)
    flash(_("That session has ended."), "success")
    return redirect(url_for("accounts.sessions"))


def _me() -> identity.Identity:
    """The person asking; the guard has made sure that there is one."""
    return cast(identity.Identity, current_user())


def _shown(row: AuthSession, current: str) -> ShownSession:
    return ShownSession(row.id, device(row.user_agent), row.ip, row.created_at, row.last_seen_at, row.id == current)


def _page(name: str, **values: Any) -> Any:
    return render_template(f"accounts/{name}.html", **values), 200 if request.method == "GET" else 422
