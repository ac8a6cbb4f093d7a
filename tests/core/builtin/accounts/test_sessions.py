"""Sessions on the server: what ends them, and that a copied cookie ends with them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from pegboard.builtin.accounts import passwords, service, sessions
from pegboard.builtin.accounts.keys import uuid7
from pegboard.builtin.accounts.models import AuthSession, User
from pegboard.db import db, utc_now
from pegboard.errors import Refused

from .conftest import ALICE, BOB, PASSWORD, Browser, Make, add_user

NEW = "an entirely new password"


def second_browser(app: Flask, agent: str = "") -> Browser:
    other = Browser(app)
    headers: Any = {"User-Agent": agent} if agent else None
    other.sign_in(headers=headers)
    assert other.is_signed_in
    return other


def session_ids(browser: Browser) -> list[str]:
    return re.findall(r"/account/sessions/([^/]+)/revoke", browser.get("/account/sessions").text)


def change(app: Flask, **values: Any) -> None:
    """Change all sessions, as if time had passed."""
    with app.app_context():
        db.session.execute(update(AuthSession).values(**values))
        db.session.commit()


def test_a_cookie_copied_before_signing_out_is_refused_afterwards(app: Flask, alice: Browser) -> None:
    other, stolen = second_browser(app), alice.cookie
    thief = Browser(app).with_cookie(stolen)
    assert thief.is_signed_in
    assert alice.submit("/account/sign-out", page="/").location == "/"
    assert not alice.is_signed_in
    assert not thief.with_cookie(stolen).is_signed_in
    assert other.is_signed_in


def test_a_change_of_password_ends_every_session_but_the_one_that_made_it(app: Flask, alice: Browser) -> None:
    other, stolen = second_browser(app), alice.cookie
    answer = alice.submit("/account/password", current_password=PASSWORD, new_password=NEW)
    assert answer.status_code == 302
    assert alice.is_signed_in
    assert alice.cookie != stolen
    assert not other.is_signed_in
    assert not Browser(app).with_cookie(stolen).is_signed_in
    assert Browser(app).sign_in(password=PASSWORD).status_code == 422
    assert Browser(app).sign_in(password=NEW).status_code == 302


def test_a_password_is_not_changed_without_the_current_one(app: Flask, alice: Browser) -> None:
    other = second_browser(app)
    answer = alice.submit("/account/password", current_password="wrong password", new_password=NEW)
    assert answer.status_code == 422
    assert "That is not your current password." in answer.text
    assert NEW not in answer.text
    assert other.is_signed_in
    assert Browser(app).sign_in(password=NEW).status_code == 422


def test_a_revoked_session_is_refused_on_its_next_request(app: Flask, alice: Browser) -> None:
    other = second_browser(app)
    stolen = other.cookie
    assert len(session_ids(alice)) == 2
    answer = alice.submit(f"/account/sessions/{session_ids(alice)[1]}/revoke", page="/account/sessions")
    assert answer.location == "/account/sessions"
    assert not other.is_signed_in
    assert not Browser(app).with_cookie(stolen).is_signed_in
    assert alice.is_signed_in
    assert len(session_ids(alice)) == 1


def test_ending_ones_own_session_signs_out(alice: Browser) -> None:
    answer = alice.submit(f"/account/sessions/{session_ids(alice)[0]}/revoke", page="/account/sessions")
    assert answer.location == "/account/sign-in"
    assert not alice.is_signed_in


def test_nobody_ends_somebody_elses_session(app: Flask, alice: Browser) -> None:
    add_user(app, BOB, "Bob")
    bob = Browser(app)
    bob.sign_in(BOB)
    for unknown in (session_ids(alice)[0], uuid7(), "no-such-session", "%00"):
        assert bob.submit(f"/account/sessions/{unknown}/revoke", page="/account/sessions").status_code == 404
    assert alice.is_signed_in


def test_the_list_shows_only_ones_own_sessions_and_no_token(app: Flask, alice: Browser) -> None:
    add_user(app, BOB, "Bob")
    Browser(app).sign_in(BOB)
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 <script>"
    second_browser(app, agent)
    page = alice.get("/account/sessions").text
    assert len(session_ids(alice)) == 2
    assert "Firefox on Linux" in page
    assert page.index("This one") < page.index("Firefox on Linux")
    with app.app_context():
        for row in db.session.scalars(select(AuthSession)):
            assert row.token_hash not in page


def test_only_the_hash_of_a_token_is_stored(app: Flask, alice: Browser) -> None:
    with alice.client.session_transaction() as cookie:
        token = cookie["_user_id"]
    with app.app_context():
        row = db.session.scalars(select(AuthSession)).one()
        assert token not in repr(vars(row))
        assert row.token_hash == sessions.digest(token)
        assert row.user_id not in token


@pytest.mark.parametrize("idle", [timedelta(days=14), timedelta(days=13, hours=23)])
def test_a_session_ends_after_two_weeks_without_a_request(app: Flask, alice: Browser, idle: timedelta) -> None:
    change(app, last_seen_at=utc_now() - idle)
    assert alice.is_signed_in is (idle < timedelta(days=14))


def test_a_session_ends_at_its_absolute_limit_however_much_it_is_used(app: Flask, alice: Browser) -> None:
    with app.app_context():
        row = db.session.scalars(select(AuthSession)).one()
        assert row.expires_at - row.created_at == timedelta(days=90)
    change(app, expires_at=utc_now())
    assert not alice.is_signed_in
    assert Browser(app).sign_in().status_code == 302
    with app.app_context():
        assert len(db.session.scalars(select(AuthSession)).all()) == 1  # the ended one is gone


def test_limits_of_sessions_are_settings(make_board: Make) -> None:
    app = make_board(idle_days=2, session_days=3)
    add_user(app, ALICE)
    alice = Browser(app)
    alice.sign_in()
    with app.app_context():
        row = db.session.scalars(select(AuthSession)).one()
        assert row.expires_at - row.created_at == timedelta(days=3)
    change(app, last_seen_at=utc_now() - timedelta(days=2))
    assert not alice.is_signed_in


def test_the_last_use_is_written_every_five_minutes_at_most(app: Flask, alice: Browser) -> None:
    def seen() -> Any:
        with app.app_context():
            return db.session.scalars(select(AuthSession.last_seen_at)).one()

    recent = utc_now() - timedelta(minutes=4)
    change(app, last_seen_at=recent)
    assert "Set-Cookie" not in alice.get("/guarded/mine").headers
    assert seen() == recent
    change(app, last_seen_at=utc_now() - timedelta(minutes=6))
    assert "Set-Cookie" in alice.get("/guarded/mine").headers  # its own lifetime starts anew
    assert seen() > recent


def test_noting_the_last_use_neither_commits_nor_waits_for_what_a_view_writes(
    app: Flask, alice: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    change(app, last_seen_at=utc_now() - timedelta(minutes=6))
    assert "alice@example.com" in alice.get("/guarded/half-done").text
    assert caplog.records == []
    assert "Hello, Alice" in alice.get("/").text


def test_a_page_asks_the_database_once_who_is_asking(app: Flask, alice: Browser) -> None:
    statements: list[str] = []
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda c, cursor, statement, *rest: statements.append(statement))
    alice.get("/")
    assert len(statements) == 1, statements
    statements.clear()
    Browser(app).get("/")
    alice.get("/healthz")
    assert statements == []


def test_a_disabled_person_is_out_at_once(app: Flask, alice: Browser) -> None:
    with app.app_context():
        db.session.execute(update(User).values(disabled_at=utc_now()))
        db.session.commit()
    assert not alice.is_signed_in


def test_a_password_that_is_just_being_replaced_opens_no_session(app: Flask) -> None:
    with app.test_request_context():
        stale = service.authenticate(ALICE, PASSWORD)
        assert stale
        db.session.expunge(stale)
        service.change_password(stale.id, PASSWORD, NEW)
        assert sessions.start(stale) is None
        assert db.session.scalars(select(AuthSession)).all() == []


def test_somebody_who_is_just_being_shut_out_opens_no_session(app: Flask) -> None:
    with app.test_request_context("/"):
        user = service.find_user(ALICE)
        assert user is not None
        db.session.rollback()
        with db.engine.begin() as elsewhere:
            elsewhere.execute(update(User).values(disabled_at=utc_now()))
        assert sessions.start(user) is None


def test_of_two_changes_of_one_password_the_second_is_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        user = service.find_user(ALICE)
        assert user is not None
        hashed = passwords.hashed

        def changed_meanwhile(password: str) -> str:
            with db.engine.begin() as elsewhere:
                elsewhere.execute(update(User).values(password_hash="the first change"))
            return hashed(password)

        monkeypatch.setattr(passwords, "hashed", changed_meanwhile)
        with pytest.raises(Refused, match="not your current password"):
            service.change_password(user.id, PASSWORD, "the second password")
    with app.app_context():
        assert db.session.scalars(select(User.password_hash)).one() == "the first change"


def test_a_cookie_with_anything_else_in_it_is_nobody(app: Flask) -> None:
    for planted in ("x", "", "\ud800", "0" * 5000):
        browser = Browser(app)
        with browser.client.session_transaction() as session:
            session["_user_id"] = planted
        assert browser.get("/guarded/mine").status_code == 302


def test_no_remember_cookie_is_ever_set_or_needed(app: Flask, browser: Browser) -> None:
    answer = browser.sign_in(remember="1")
    assert "remember" not in str(answer.headers)
    assert "remember_token" not in str(browser.get("/account/profile").headers)
