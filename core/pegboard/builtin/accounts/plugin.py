"""What accounts add to a board: who is asking, the pages for it, menus, and the commands `pegboard users`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from pegboard.contracts.users import User
from pegboard.contributions import Job, NavItem, Permission, Slot, UserSource
from pegboard.hookspecs import hookimpl
from pegboard.i18n import lazy_gettext
from pegboard.plugin import Plugin

from .settings import AccountsSettings

if TYPE_CHECKING:
    import click
    from flask import Blueprint, Flask


class Accounts(Plugin[AccountsSettings]):
    """People who sign in with an email address and a password, their sessions and their roles."""

    name = "accounts"
    url_prefix = "/account"
    command = "users"
    tables = ("users", "auth_sessions", "user_roles")
    Settings = AccountsSettings

    @hookimpl
    def blueprints(self) -> Iterable[Blueprint]:
        from .views import blueprint

        yield blueprint()

    @hookimpl
    def jobs(self) -> Iterable[Job]:
        yield Job("forget_ended_sessions", _forget_ended_sessions, every=timedelta(days=1), offset=timedelta(hours=3))

    @hookimpl
    def commands(self) -> Iterable[click.Command]:
        from .cli import commands

        yield from commands()

    @hookimpl
    def permissions(self) -> Iterable[Permission]:
        yield Permission("accounts.manage_users", "See all accounts, give and take roles.")

    @hookimpl
    def user_source(self) -> UserSource:
        return UserSource(load=_load, sign_in_endpoint="accounts.sign_in", names=_names)

    @hookimpl
    def nav_items(self) -> Iterable[NavItem]:
        yield NavItem(lazy_gettext("Sign in"), "accounts.sign_in", menu="user", weight=10, audience="signed_out")
        if self.settings.sign_up:
            yield NavItem(
                lazy_gettext("Make an account"), "accounts.sign_up", menu="user", weight=20, audience="signed_out"
            )
        yield NavItem(lazy_gettext("Profile"), "accounts.profile", menu="user", weight=30, audience="signed_in")
        yield NavItem(lazy_gettext("Password"), "accounts.password", menu="user", weight=40, audience="signed_in")
        yield NavItem(lazy_gettext("Sessions"), "accounts.sessions", menu="user", weight=50, audience="signed_in")

    @hookimpl
    def slots(self) -> Iterable[Slot]:
        yield Slot("user", _sign_out_button, weight=900)

    @hookimpl
    def app_ready(self, app: Flask) -> None:
        from .identity import init_login
        from .sessions import LIMITS

        idle, absolute = timedelta(days=self.settings.idle_days), timedelta(days=self.settings.session_days)
        app.extensions[LIMITS] = (idle, absolute)
        app.config.update(PERMANENT_SESSION_LIFETIME=idle, SESSION_REFRESH_EACH_REQUEST=False)
        init_login(app)


def _load() -> User | None:
    from .identity import load_identity

    return load_identity()


def _names(subjects: Collection[str]) -> Mapping[str, str]:
    from .service import names_of

    return names_of(subjects)


def _sign_out_button() -> Markup | str:
    from flask import render_template

    from pegboard.web.users import current_user

    if current_user() is None:
        return ""
    return Markup(render_template("accounts/sign_out.html"))  # noqa: S704 - a template's own output


def _forget_ended_sessions() -> None:
    from .sessions import forget_ended

    forget_ended()
