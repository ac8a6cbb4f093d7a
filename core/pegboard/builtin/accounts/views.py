"""Signing in, up and out. The pages of one's own account are in `own_account`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from pegboard.i18n import gettext as _
from pegboard.live import current_board
from pegboard.web.limits import check, clear, client_network, limited, spend
from pegboard.web.negotiation import safe_next
from pegboard.web.users import current_user

from . import identity, own_account

if TYPE_CHECKING:
    from .forms import SignInForm
    from .models import User

FAILED_PER_ADDRESS = "10/minute"
TRIES_PER_ACCOUNT = "5/300second"


def blueprint() -> Blueprint:
    """The pages of accounts."""
    pages = Blueprint("accounts", __name__)
    pages.add_url_rule("/sign-in", "sign_in", sign_in, methods=["GET", "POST"])
    pages.add_url_rule("/sign-up", "sign_up", sign_up, methods=["GET", "POST"])
    pages.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    own_account.add_rules(pages)
    pages.after_request(_not_stored)
    return pages


def _not_stored(response: Response) -> Any:
    """Going back after signing out shows nothing of the account."""
    response.headers["Cache-Control"] = "no-store"
    return response


@limited("30/minute", "accounts.sign_in")
def sign_in() -> Any:
    """Ask for address and password. Every failure has one answer."""
    from .forms import SignInForm

    form = SignInForm()
    if request.method == "GET":
        form.next.data = request.args.get("next")
        if current_user() is not None:
            return _onward(form.next.data)
    elif form.validate():
        user = _authenticated(form)
        if user is not None and identity.sign_in(user):
            return _onward(form.next.data)
        form.refuse(_("That email address and password do not belong together."))
    return _page("sign_in", form)


def _authenticated(form: SignInForm) -> User | None:
    """Who that is, if it is right. Tries per account are counted before the password is looked at, so that many at
    once win nothing; failures per address afterwards, so that an office behind one address is not shut out."""
    from .addresses import sought
    from .service import authenticate

    account = hashlib.sha256(sought(form.email.data or "").encode("utf-8", "replace")).hexdigest()
    check(FAILED_PER_ADDRESS, "accounts.failed", client_network())
    spend(TRIES_PER_ACCOUNT, "accounts.tries", account)
    user = authenticate(form.email.data or "", form.password.data or "")
    if user is None:
        spend(FAILED_PER_ADDRESS, "accounts.failed", client_network())
    else:
        clear(TRIES_PER_ACCOUNT, "accounts.tries", account)
    return user


@limited("20/minute", "accounts.sign_up")
def sign_up() -> Any:
    """Make an account and sign in.

    An address that has an account gets the refusal that any other failure gets, after the same work. That it is
    refused at all can only be hidden by a board that confirms addresses by mail; until then the limit slows probing.
    """
    if not _sign_up_is_open():
        abort(404)
    from .forms import SignUpForm
    from .service import EmailTaken, create_user

    form = SignUpForm()
    if request.method == "GET":
        form.next.data = request.args.get("next")
        if current_user() is not None:
            return _onward(form.next.data)
    elif form.validate():
        try:
            user = create_user(form.email.data or "", form.name.data or "", form.password.data or "")
        except EmailTaken:
            form.refuse(_("No account could be made with this. If you have one already, sign in instead."))
        else:
            identity.sign_in(user)
            flash(_("Welcome, %(name)s.", name=user.name), "success")
            return _onward(form.next.data)
    return _page("sign_up", form)


def sign_out() -> Any:
    """End this session, here and on the server."""
    identity.sign_out()
    flash(_("You are signed out."), "success")
    return redirect(_start())


def _page(name: str, form: Any) -> Any:
    page = render_template(f"accounts/{name}.html", form=form, can_sign_up=_sign_up_is_open())
    return page, 200 if request.method == "GET" else 422


def _sign_up_is_open() -> bool:
    from .plugin import Accounts

    return current_board().plugin(Accounts).settings.sign_up


def _onward(wanted: str | None) -> Response:
    return redirect(safe_next(wanted, _start()))


def _start() -> str:
    return f"{request.root_path}/"
