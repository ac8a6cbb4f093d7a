"""Signing in and out, from a browser's side."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from pegboard.db import db

from .conftest import ALICE, BOB, KEY, PASSWORD, Browser, Make, add_user


def queries_and_hashes(app: Flask, monkeypatch: pytest.MonkeyPatch, act: Any) -> tuple[int, int]:
    """How many statements and how many argon2 verifications an action takes."""
    from argon2 import PasswordHasher

    counted: dict[str, int] = {"queries": 0, "hashes": 0}
    verify, compute = PasswordHasher.verify, PasswordHasher.hash

    def counting(function: Any) -> Any:
        def count(*args: Any, **kwargs: Any) -> Any:
            counted["hashes"] += 1
            return function(*args, **kwargs)

        return count

    monkeypatch.setattr(PasswordHasher, "verify", counting(verify))
    monkeypatch.setattr(PasswordHasher, "hash", counting(compute))

    def query(*args: Any) -> None:
        counted["queries"] += 1

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", query)
    try:
        act()
    finally:
        event.remove(engine, "before_cursor_execute", query)
        monkeypatch.undo()
    return counted["queries"], counted["hashes"]


def test_a_person_signs_up_and_is_signed_in(app: Flask) -> None:
    bob = Browser(app)
    answer = bob.submit("/account/sign-up", name="Bob", email="Bob@Example.COM", password=PASSWORD)
    assert (answer.status_code, answer.location) == (302, "/")
    assert "Hello, Bob" in bob.get("/").text
    bob.submit("/account/sign-out", page="/")
    assert not bob.is_signed_in
    assert bob.sign_in(" bob@EXAMPLE.com ").status_code == 302


def test_a_right_password_opens_and_a_wrong_one_does_not(browser: Browser) -> None:
    assert browser.sign_in(password="wrong password").status_code == 422
    assert not browser.is_signed_in
    assert browser.sign_in().status_code == 302
    assert browser.is_signed_in


def test_every_failure_to_sign_in_reads_the_same(app: Flask) -> None:
    with app.app_context():
        from pegboard.builtin.accounts.service import find_user
        from pegboard.db import utc_now

        add_user(app, BOB)
        bob = find_user(BOB)
        assert bob
        bob.disabled_at = utc_now()
        db.session.commit()
    pages = []
    for email, password in [(ALICE, "wrong password"), ("nobody@example.com", PASSWORD), (BOB, PASSWORD)]:
        answer = Browser(app).sign_in(email, password)
        words = answer.text.partition('role="alert"')[2].partition("</form>")[0]
        pages.append((answer.status_code, words.replace(email, "").partition("csrf_token")[0]))
    assert pages[0][0] == 422
    assert "do not belong together" in pages[0][1]
    assert pages[0] == pages[1] == pages[2]


def test_a_known_and_an_unknown_address_cost_the_same(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    known, unknown = Browser(app), Browser(app)
    one = queries_and_hashes(app, monkeypatch, lambda: known.sign_in(ALICE, "wrong password"))
    other = queries_and_hashes(app, monkeypatch, lambda: unknown.sign_in("nobody@example.com", "wrong password"))
    assert one == other == (1, 1)


def test_signing_up_with_a_taken_address_hashes_as_often_as_with_a_free_one(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sign_up(email: str) -> Any:
        return Browser(app).submit("/account/sign-up", name="Eve", email=email, password=PASSWORD)

    assert queries_and_hashes(app, monkeypatch, lambda: sign_up(ALICE))[1] == 1
    assert queries_and_hashes(app, monkeypatch, lambda: sign_up(BOB))[1] == 1
    answer = sign_up(ALICE.upper())
    assert answer.status_code == 422
    assert "No account could be made with this." in answer.text
    assert "exists" not in answer.text


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/guarded/mine", "/guarded/mine"),
        ("/guarded/mine?a=1&b=//x", "/guarded/mine?a=1&b=//x"),
        ("", "/"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("https:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\tevil", "/"),
        ("/a\r\nSet-Cookie: b=c", "/"),
        (" //evil.example", "/"),
        ("evil.example", "/"),
        ("/" + "a" * 3000, "/"),
    ],
)
def test_signing_in_leads_only_to_pages_of_this_site(app: Flask, wanted: str, led_to: str) -> None:
    assert Browser(app).sign_in(next=wanted).location == led_to
    signed_in = Browser(app)
    signed_in.sign_in()
    assert signed_in.get("/account/sign-in", query_string={"next": wanted}).location == led_to


def test_a_guard_leads_through_the_sign_in_page_and_back(browser: Browser) -> None:
    asked = browser.get("/guarded/mine?page=2")
    assert asked.location == "/account/sign-in?next=/guarded/mine?page%3D2"
    page = browser.get(asked.location).text
    assert 'value="/guarded/mine?page=2"' in page
    assert browser.sign_in(next="/guarded/mine?page=2").location == "/guarded/mine?page=2"


@pytest.mark.parametrize(
    "path",
    ["/account/sign-in", "/account/sign-up", "/account/sign-out", "/account/profile", "/account/password",
     "/account/sessions/018f0000-0000-7000-8000-000000000000/revoke"],
)  # fmt: skip
def test_no_form_works_without_its_token(alice: Browser, path: str) -> None:
    data = {
        "email": BOB,
        "password": PASSWORD,
        "name": "Mallory",
        "current_password": PASSWORD,
        "new_password": "x" * 9,
    }
    assert alice.client.post(path, data=data).status_code == 400
    assert alice.client.post(path, data={"csrf_token": "forged", **data}).status_code == 400
    assert alice.is_signed_in
    assert "Mallory" not in alice.get("/").text


def test_another_browsers_token_is_refused(app: Flask, alice: Browser) -> None:
    stolen = Browser(app).token("/account/sign-in")
    assert alice.client.post("/account/sign-out", data={"csrf_token": stolen}).status_code == 400


def test_signing_out_by_a_link_does_nothing(alice: Browser) -> None:
    assert alice.get("/account/sign-out").status_code == 405
    assert alice.is_signed_in


def test_the_csrf_token_changes_when_somebody_signs_in(browser: Browser) -> None:
    before = browser.token("/account/sign-in")
    browser.sign_in()
    assert browser.client.post("/account/sign-out", data={"csrf_token": before}).status_code == 400
    assert browser.is_signed_in


def test_what_a_planted_cookie_holds_is_gone_after_signing_in(app: Flask) -> None:
    with app.test_client() as client, client.session_transaction() as planted:
        planted["planted"] = "by mallory"
        planted["_user_id"] = "a token that mallory knows"
    victim, mallory = Browser(app), Browser(app)
    fixed = client.get_cookie("pegboard_session")
    assert fixed
    victim.with_cookie(fixed.value)
    victim.sign_in()
    assert victim.is_signed_in
    with victim.client.session_transaction() as session:
        assert "planted" not in session
        assert session["_user_id"] != "a token that mallory knows"
    assert not mallory.with_cookie(fixed.value).is_signed_in


def test_signing_in_again_ends_the_session_of_before(app: Flask, alice: Browser) -> None:
    add_user(app, BOB, "Bob")
    old = alice.cookie
    alice.client.post(
        "/account/sign-in", data={"csrf_token": alice.token("/account/profile"), "email": BOB, "password": PASSWORD}
    )
    assert "Hello, Bob" in alice.get("/").text
    assert not Browser(app).with_cookie(old).is_signed_in


def test_sign_up_can_be_closed(make_board: Make) -> None:
    closed = Browser(make_board(sign_up=False))
    assert closed.get("/account/sign-up").status_code == 404
    token = closed.token("/account/sign-in")
    data = {"csrf_token": token, "name": "Eve", "email": "eve@example.com", "password": PASSWORD}
    assert closed.client.post("/account/sign-up", data=data).status_code == 404
    assert "Make an account" not in closed.get("/account/sign-in").text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "no address", "Please give an email address"),
        ("email", "a@" + "b" * 300 + ".com", "At most 254 characters"),
        ("email", "", "Please fill this in"),
        ("name", "   ", "A name has 1 to 200 visible characters"),
        ("name", "a" * 201, "At most 200 characters"),
        ("name", "a\x00b", "A name has 1 to 200 visible characters"),
        ("password", "short", "A password has 8 to 256 characters"),
        ("password", "a" * 257, "A password has 8 to 256 characters"),
    ],
)
def test_sign_up_says_what_is_wrong_and_where(browser: Browser, field: str, value: str, words: str) -> None:
    given = {"name": "Bob", "email": BOB, "password": PASSWORD, field: value}
    answer = browser.submit("/account/sign-up", **given)
    assert answer.status_code == 422
    assert words in answer.text
    assert PASSWORD not in answer.text


def test_html_in_a_name_is_shown_and_not_run(app: Flask) -> None:
    name = "<script>alert(1)</script>\"'"
    add_user(app, BOB, name)
    bob = Browser(app)
    bob.sign_in(BOB)
    for path in ("/", "/account/profile", "/account/password"):
        page = bob.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_pages_of_an_account_are_not_stored_by_browsers(alice: Browser) -> None:
    for path in ("/account/profile", "/account/password", "/account/sign-in"):
        assert alice.get(path).headers["Cache-Control"] == "no-store"


def test_an_older_key_still_opens_its_cookies_and_a_dropped_one_does_not(make_board: Make) -> None:
    old = make_board()
    add_user(old, ALICE)
    alice = Browser(old)
    alice.sign_in()
    newer = "nN9-second-key-of-this-board-9876543210zyxwvu"
    assert Browser(make_board(newer, fallbacks=(KEY,))).with_cookie(alice.cookie).is_signed_in
    assert not Browser(make_board(newer)).with_cookie(alice.cookie).is_signed_in


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(browser: Browser) -> None:
    sent = browser.sign_in().headers["Set-Cookie"]
    assert "HttpOnly" in sent
    assert "SameSite=Lax" in sent


@pytest.mark.parametrize("email", ["nobody", "a\0b@example.com", "\u202e@x", "@", "a" * 254, "'; DROP TABLE users; --"])
def test_what_is_no_address_finds_nobody(browser: Browser, email: str) -> None:
    answer = browser.sign_in(email)
    assert answer.status_code == 422
    assert "do not belong together" in answer.text


def test_a_board_below_a_path_leads_back_below_it(app: Flask, browser: Browser) -> None:
    below: Any = {"SCRIPT_NAME": "/board"}
    asked = browser.get("/guarded/mine?a=1", environ_overrides=below)
    assert asked.location == "/board/account/sign-in?next=/board/guarded/mine?a%3D1"
    assert browser.sign_in().location == "/"
    assert browser.get("/account/sign-in", environ_overrides=below).location == "/board/"
