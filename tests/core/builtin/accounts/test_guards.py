"""Roles, what they permit, and the guards that ask for them."""

from __future__ import annotations

import pytest
from flask import Blueprint, Flask

from pegboard.app import create_app
from pegboard.builtin.accounts.plugin import Accounts
from pegboard.errors import ConfigError
from pegboard.hookspecs import hookimpl
from pegboard.plugin import Plugin
from pegboard.settings import BoardSettings, PluginSettings
from pegboard.web.users import permission

from .conftest import Browser, add_user

JSON = {"Accept": "application/json"}
OPEN = {
    "user": {"/mine"},
    "moderator": {"/mine", "/role", "/sweep", "/soft"},
    "admin": {"/mine", "/role", "/sweep", "/soft"},
}


@pytest.mark.parametrize("role", OPEN)
@pytest.mark.parametrize("path", ["/mine", "/role", "/sweep", "/soft"])
def test_each_guard_lets_through_who_has_what_it_asks(app: Flask, role: str, path: str) -> None:
    add_user(app, "carol@example.com", roles=(role,))
    carol = Browser(app)
    carol.sign_in("carol@example.com")
    answer, told = carol.get(f"/guarded{path}"), carol.get(f"/guarded{path}", headers=JSON)
    if path in OPEN[role]:
        assert (answer.status_code, told.status_code) == (200, 200)
    else:
        assert answer.status_code == (302 if path == "/soft" else 403)
        assert told.status_code == 403
        assert told.json["error"]["status"] == 403


def test_the_fallback_says_why(alice: Browser) -> None:
    answer = alice.get("/guarded/soft")
    assert answer.location == "/"
    assert "You do not have access to that page." in alice.get("/").text


def test_login_required_of_flask_login_asks_people_to_sign_in_as_our_own_guard_does(app: Flask, alice: Browser) -> None:
    assert alice.get("/guarded/theirs").text == "theirs"
    stranger = Browser(app)
    assert stranger.get("/guarded/theirs").location == "/account/sign-in?next=/guarded/theirs"
    assert stranger.get("/guarded/theirs", headers=JSON).status_code == 401


@pytest.mark.parametrize("path", ["/mine", "/role", "/sweep", "/soft"])
def test_a_stranger_is_led_to_sign_in_and_a_client_of_json_gets_401(app: Flask, path: str) -> None:
    stranger = Browser(app)
    assert stranger.get(f"/guarded{path}").location.startswith("/account/sign-in?next=")
    told = stranger.get(f"/guarded{path}", headers=JSON)
    assert (told.status_code, told.json["error"]["status"]) == (401, 401)


def test_a_role_counts_from_the_next_request(app: Flask, alice: Browser) -> None:
    from pegboard.builtin.accounts import roles, service

    assert alice.get("/guarded/role").status_code == 403
    with app.app_context():
        user = service.find_user("alice@example.com")
        assert user
        assert roles.grant(user, "moderator")
        assert alice.get("/guarded/role").status_code == 200
        assert roles.revoke(user, "moderator")
    assert alice.get("/guarded/role").status_code == 403


def test_templates_ask_by_permission(app: Flask) -> None:
    add_user(app, "carol@example.com", roles=("moderator",))
    carol = Browser(app)
    assert carol.get("/guarded/can").text == "may not"
    carol.sign_in("carol@example.com")
    assert carol.get("/guarded/can").text == "may"


def test_administrators_pass_the_guards_of_every_role(app: Flask) -> None:
    add_user(app, "carol@example.com", roles=("admin",))
    carol = Browser(app)
    carol.sign_in("carol@example.com")
    assert carol.get("/guarded/role").status_code == 200
    assert carol.get("/guarded/has-role").text == "is"


def test_templates_ask_by_role(app: Flask, browser: Browser) -> None:
    assert browser.get("/guarded/has-role").text == "is not"
    browser.sign_in()
    assert browser.get("/guarded/has-role").text == "is not"


def test_accounts_are_for_administrators_to_manage(app: Flask) -> None:
    from pegboard.builtin.accounts.identity import permissions_of

    with app.app_context():
        assert permissions_of(frozenset({"user"})) == frozenset()
        assert permissions_of(frozenset({"user", "moderator"})) == {"guarded.sweep"}
        assert permissions_of(frozenset({"user", "admin"})) == {"guarded.sweep", "accounts.manage_users"}


def test_a_guard_that_names_an_unknown_permission_is_an_error_at_boot() -> None:
    class Misspelt(Plugin[PluginSettings]):
        """Asks for what is not there."""

        name = "misspelt"

        @hookimpl
        def blueprints(self) -> list[Blueprint]:
            pages = Blueprint("misspelt", __name__)
            pages.add_url_rule("/", "index", permission("accounts.manage_user")(lambda: ""))
            return [pages]

    with pytest.raises(ConfigError, match=r"accounts\.manage_users"):
        create_app(BoardSettings(env="test", builtins=()), plugins=[Accounts, Misspelt])


def test_menus_show_what_is_for_the_person_asking(app: Flask, browser: Browser) -> None:
    before = browser.get("/").text
    assert "/account/sign-in" in before
    assert "/account/profile" not in before
    browser.sign_in()
    after = browser.get("/").text
    assert 'href="/account/sign-in"' not in after
    for path in ("profile", "password", "sessions"):
        assert f'href="/account/{path}"' in after
    assert 'action="/account/sign-out"' in after
