"""Administrators read what was posted, as text, and nobody else does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pegboard.testing import BoardClient, MakePerson, SignIn

Send = Callable[..., int]


@pytest.fixture
def administrator(make_person: MakePerson, sign_in: SignIn) -> BoardClient:
    return sign_in(make_person("Mona", "admin"))


def test_an_administrator_reads_the_newest_first(administrator: BoardClient, send: Send) -> None:
    send("msg_1", {"note": "<b>bold</b>"}), send("msg_2", type="order.sent")
    page = administrator.get("/inbound/").text
    assert page.index("order.sent") < page.index("order.paid")
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_without_messages_it_says_where_they_come_to(administrator: BoardClient) -> None:
    page = administrator.get("/inbound/").text
    assert "No messages yet" in page
    assert "/webhooks/inbound" in page


def test_the_menu_leads_administrators_to_it_alone(administrator: BoardClient, signed_in_client: BoardClient) -> None:
    link = '<a href="/inbound/"'
    assert link in administrator.get("/inbound/").text
    assert link not in signed_in_client.get("/account").text


def test_others_may_not_read_it(client: BoardClient, signed_in_client: BoardClient) -> None:
    assert signed_in_client.get("/inbound/").status_code == 403
    assert "/sign-in" in client.get("/inbound/").location
