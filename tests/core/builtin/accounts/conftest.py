"""A real board with accounts on SQLite, and browsers that keep their cookies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, render_template_string
from flask_login import login_required
from pydantic import SecretStr
from sqlalchemy import select

from pegboard.app import create_app
from pegboard.builtin.accounts.plugin import Accounts
from pegboard.builtin.home.plugin import Home
from pegboard.contributions import Permission
from pegboard.db import db
from pegboard.db.environment import stamp
from pegboard.hookspecs import hookimpl
from pegboard.live import board_of
from pegboard.plugin import Plugin
from pegboard.settings import BoardSettings, PluginSettings
from pegboard.testing import BoardClient
from pegboard.web.users import current_user, permission, role, signed_in

ALICE, BOB = "alice@example.com", "bob@example.com"
PASSWORD = "correct horse battery"
KEY = "kK8-first-key-of-this-board-0123456789abcdef"


class Guarded(Plugin[PluginSettings]):
    """Pages behind each kind of guard."""

    name = "guarded"

    @hookimpl
    def permissions(self) -> Any:
        yield Permission("guarded.sweep", "Sweep the floor.", roles=("moderator",))

    @hookimpl
    def blueprints(self) -> Any:
        pages = Blueprint("guarded", __name__)
        pages.add_url_rule("/mine", "mine", signed_in(lambda: "mine"))
        pages.add_url_rule("/role", "role", role("moderator")(lambda: "role"))
        pages.add_url_rule("/sweep", "sweep", permission("guarded.sweep")(lambda: "swept"))
        pages.add_url_rule("/soft", "soft", permission("guarded.sweep", fallback="home.index")(lambda: "soft"))
        pages.add_url_rule(
            "/can", "can", lambda: render_template_string("{{ 'may' if can('guarded.sweep') else 'may not' }}")
        )
        pages.add_url_rule(
            "/has-role", "has_role", lambda: render_template_string("{{ 'is' if has_role('moderator') else 'is not' }}")
        )
        pages.add_url_rule("/half-done", "half_done", half_done)
        pages.add_url_rule("/theirs", "theirs", login_required(lambda: "theirs"))
        yield pages


def half_done() -> str:
    """Writes, asks who is there, and never commits."""
    from pegboard.builtin.accounts.models import User

    user = db.session.scalars(select(User)).one()
    user.name = "half done"
    db.session.flush()
    return str(current_user())


class Browser:
    """One browser: gets pages, fills in forms with their token, keeps its cookies."""

    def __init__(self, app: Flask) -> None:
        self.client = BoardClient.of(app)

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(path, **kwargs)

    def token(self, path: str) -> str:
        return self.client.token(path)

    def submit(self, path: str, page: str = "", **data: str) -> Any:
        headers = data.pop("headers", None)
        return self.client.post(path, data={"csrf_token": self.token(page or path), **data}, headers=headers)

    def sign_in(self, email: str = ALICE, password: str = PASSWORD, **data: str) -> Any:
        return self.submit("/account/sign-in", email=email, password=password, **data)

    @property
    def is_signed_in(self) -> bool:
        return bool(self.get("/guarded/mine").status_code == 200)

    @property
    def cookie(self) -> str:
        found = self.client.get_cookie("pegboard_session")
        return found.value if found else ""

    def with_cookie(self, value: str) -> Browser:
        self.client.set_cookie("pegboard_session", value)
        return self


Make = Callable[..., Flask]


@pytest.fixture
def make_board(tmp_path: Path) -> Make:
    def make(key: str = KEY, fallbacks: tuple[str, ...] = (), **config: Any) -> Flask:
        settings = BoardSettings(
            env="test", builtins=(), instance_path=tmp_path, database_url=f"sqlite:///{tmp_path}/test.db",
            secret_key=SecretStr(key), secret_key_fallbacks=tuple(SecretStr(one) for one in fallbacks),
        )  # fmt: skip
        app = create_app(settings, plugins=[Accounts, Home, Guarded], config={"accounts": config})
        with app.app_context():
            entry = board_of(app).plan.entry("accounts")
            assert entry is not None
            with db.engine.begin() as connection:
                stamp(connection, "test")
                db.metadata.create_all(connection, tables=list(entry.tables))
        return app

    return make


@pytest.fixture
def app(make_board: Make) -> Flask:
    app = make_board()
    add_user(app, ALICE)
    return app


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def alice(browser: Browser) -> Browser:
    assert browser.sign_in().status_code == 302
    return browser


def add_user(app: Flask, email: str, name: str = "Alice", password: str = PASSWORD, roles: tuple[str, ...] = ()) -> str:
    from pegboard.builtin.accounts.service import create_user

    with app.app_context():
        return create_user(email, name, password, roles=roles).id
