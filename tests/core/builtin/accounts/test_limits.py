"""How often one may try."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from .conftest import ALICE, BOB, PASSWORD, Browser, add_user


def is_refused(answer: Any) -> bool:
    if answer.status_code != 429:
        return False
    assert int(answer.headers["Retry-After"]) >= 1
    return True


def post(browser: Browser, path: str, address: str = "192.0.2.1", page: str = "", **data: str) -> Any:
    """From an address; the token is fetched once."""
    token = browser.__dict__.setdefault("kept", browser.token(page or path))
    return browser.client.post(path, data={"csrf_token": token, **data}, environ_base={"REMOTE_ADDR": address})


@pytest.mark.parametrize("email", [ALICE, "nobody@example.com"])
def test_an_account_known_or_not_takes_five_tries_whatever_their_address(app: Flask, email: str) -> None:
    browser = Browser(app)
    for i in range(5):
        answer = post(browser, "/account/sign-in", f"192.0.2.{i}", email=email, password="wrong password")
        assert answer.status_code == 422
    spelt = post(browser, "/account/sign-in", "192.0.2.99", email=f" {email.upper()}", password=PASSWORD)
    assert is_refused(spelt)
    assert "Ready again" in spelt.text or "Wait a little" in spelt.text


def test_signing_in_starts_the_count_of_tries_anew(app: Flask) -> None:
    browser = Browser(app)
    for _round in range(2):
        for _try in range(4):
            post(browser, "/account/sign-in", email=ALICE, password="wrong password")
        assert browser.sign_in().status_code == 302
        browser = Browser(app)


def test_an_address_takes_ten_failures_for_many_accounts_and_another_address_its_own(app: Flask) -> None:
    browser = Browser(app)
    for i in range(10):
        assert post(browser, "/account/sign-in", email=f"u{i}@example.com", password="wrong one").status_code == 422
    assert is_refused(post(browser, "/account/sign-in", email=ALICE, password=PASSWORD))
    assert post(browser, "/account/sign-in", "192.0.2.2", email=ALICE, password=PASSWORD).status_code == 302


def test_many_people_behind_one_address_can_sign_in(app: Flask) -> None:
    for _person in range(12):
        assert post(Browser(app), "/account/sign-in", email=ALICE, password=PASSWORD).status_code == 302


def test_a_forged_forwarded_address_changes_nothing(app: Flask) -> None:
    browser = Browser(app)
    token = browser.token("/account/sign-in")
    codes = []
    for i in range(11):
        data = {"csrf_token": token, "email": f"u{i}@example.com", "password": "wrong one"}
        codes.append(
            browser.client.post("/account/sign-in", data=data, headers={"X-Forwarded-For": f"10.0.0.{i}"}).status_code
        )
    assert codes == [422] * 10 + [429]


def test_sign_in_takes_thirty_posts_a_minute_from_an_address(app: Flask) -> None:
    browser = Browser(app)
    codes = [post(browser, "/account/sign-in", email="", password="").status_code for _ in range(31)]
    assert codes == [422] * 30 + [429]
    assert browser.get("/account/sign-in", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


def test_sign_up_takes_twenty_posts_a_minute_from_an_address(app: Flask) -> None:
    browser = Browser(app)
    codes = [post(browser, "/account/sign-up", email="", password="", name="").status_code for _ in range(21)]
    assert codes == [422] * 20 + [429]


def test_a_password_takes_five_changes_a_minute_per_person(app: Flask, alice: Browser) -> None:
    guesses = {"current_password": "wrong password", "new_password": PASSWORD}
    codes = [post(alice, "/account/password", f"192.0.2.{i}", **guesses).status_code for i in range(6)]
    assert codes == [422] * 5 + [429]
    add_user(app, BOB, "Bob")
    bob = Browser(app)
    bob.sign_in(BOB)
    assert post(bob, "/account/password", **guesses).status_code == 422


def test_a_client_of_json_gets_its_refusal_in_json(app: Flask) -> None:
    browser = Browser(app)
    token = browser.token("/account/sign-in")
    for _ in range(31):
        answer = browser.client.post(
            "/account/sign-in", data={"csrf_token": token}, headers={"Accept": "application/json"}
        )
    assert is_refused(answer)
    assert answer.get_json()["error"]["status"] == 429
