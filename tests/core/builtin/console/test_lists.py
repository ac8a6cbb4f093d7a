"""The lists: dead letters first, work and webhooks, narrowed down and page by page, with numbers that stop at a thousand."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import event

from pegboard.db import db
from pegboard.testing.boards import BoardClient
from pegboard.work import hold
from pegboard.work.models import STATUSES
from tests.core.builtin.console.office import PAY, SEND, failed, put, put_dead, send

SECRET = "sk_live_5f4dcc3b5aa765d61d83"


def shown(client: BoardClient, path: str) -> list[int]:
    """The items that a list shows, from the top."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    return [int(found) for found in re.findall(r'<a href="/console/work/(\d+)"', page.text)]


def test_dead_letters_come_first_with_the_first_line_of_their_errors(board: Flask, client: BoardClient) -> None:
    first, second = failed(board, "ada", "grace")
    put(board)
    assert shown(client, "/console/") == [second, first]
    page = client.get("/console/").text
    assert "ProviderError: bank: no money for grace" in page
    assert "office.py:" not in page, "where it was raised is for the item's own page"


def test_what_an_item_carries_is_in_no_list(board: Flask, client: BoardClient) -> None:
    put(board, data='{"who": "zebedee"}', lane="person:zebedee", status="dead", finished_at=1)
    put(board, data='{"who": "zebedee"}', lane="person:zebedee")
    for path in ("/console/", "/console/work", "/console/webhooks"):
        assert "zebedee" not in client.get(path).text


def test_secrets_in_errors_are_hidden(board: Flask, client: BoardClient) -> None:
    put(board, status="dead", finished_at=1, error=f"OSError: refused, api_key={SECRET}")
    page = client.get("/console/").text
    assert "OSError: refused" in page
    assert SECRET not in page


def test_dead_letters_are_summed_up_by_handler(board: Flask, client: BoardClient) -> None:
    failed(board, "a", "b")
    failed(board, "c", function=send)
    page = " ".join(re.sub(r"<[^>]*>", "", client.get("/console/").text).split())
    assert f"{PAY} 2 dead letters" in page
    assert f"{SEND} 1 dead letter" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3]),
        (f"?handler={SEND}", [3]),
        ("?queue=mail", [2]),
        (f"?queue=mail&handler={SEND}", []),
        ("?queue=nosuch", [1, 2, 3]),
        ("?handler=nobody", []),
        ("?handler=%00", [1, 2, 3]),
        ("?before=3", [1, 2]),
        ("?before=0", [1, 2, 3]),
        ("?before=nonsense", [1, 2, 3]),
        (f"?before={2**70}", [1, 2, 3]),
    ],
)
def test_dead_letters_are_narrowed_down(board: Flask, client: BoardClient, query: str, expected: list[int]) -> None:
    dead = {"status": "dead", "finished_at": 1}
    items = [put(board, **dead), put(board, queue="mail", **dead), put(board, handler=SEND, **dead)]
    assert items == [1, 2, 3]
    assert shown(client, f"/console/{query}") == expected[::-1]


def test_work_is_what_is_not_finished_and_by_its_status_also_everything_else(board: Flask, client: BoardClient) -> None:
    items = {status: put(board, status=status, lane=status) for status in STATUSES}
    unfinished = ["waiting", "pending", "leased", "parked"]
    assert set(shown(client, "/console/work")) == {items[status] for status in unfinished}
    assert set(shown(client, "/console/work?status=nosuch")) == {items[status] for status in unfinished}
    for status in (*unfinished, "done", "ignored"):
        assert shown(client, f"/console/work?status={status}") == [items[status]]


def test_webhooks_are_shown_with_source_type_and_status_whatever_became_of_them(
    board: Flask, client: BoardClient
) -> None:
    webhook = {"kind": "webhook", "queue": "webhooks", "handler": "acme.webhooks.acme", "source": "acme"}
    items = [
        put(board, **webhook, event_type=f"order.{status}", status=status) for status in ("done", "dead", "ignored")
    ]
    put(board)
    assert shown(client, "/console/webhooks") == items[::-1]
    page = client.get("/console/webhooks").text
    assert "acme order.dead" in page
    assert "Ignored" in page
    assert shown(client, "/console/webhooks?status=dead") == [items[1]]
    assert shown(client, "/console/webhooks?handler=other") == []


def test_a_lane_that_a_request_holds_is_in_no_list(board: Flask, client: BoardClient) -> None:
    with board.app_context(), hold("lane", wait=0):
        assert [shown(client, path) for path in ("/console/", "/console/work", "/console/webhooks")] == [[], [], []]
        assert client.get("/console/work/1").status_code == 404


def test_long_lists_have_pages_and_lose_nothing_between_them(board: Flask, client: BoardClient) -> None:
    put_dead(board, 120)
    found, path, pages = list[int](), "/console/?queue=jobs", 0
    while path:
        found += shown(client, path)
        pages += 1
        link = re.search(r'href="([^"]+)"[^>]* rel="next"', client.get(path).text)
        path = link[1].replace("&amp;", "&") if link else ""
    assert pages == 3
    assert found == list(range(120, 0, -1))


def test_numbers_stop_at_a_thousand(board: Flask, client: BoardClient) -> None:
    put_dead(board, 999)
    assert "1,000 or more" not in client.get("/console/").text
    put_dead(board, 500)
    page = client.get("/console/").text
    assert "1,000 or more dead letters" in page
    assert "1499 " not in page


@pytest.mark.parametrize("path", ["/console/", "/console/work", "/console/webhooks"])
def test_a_page_asks_the_same_few_questions_however_much_there_is(board: Flask, client: BoardClient, path: str) -> None:
    put_dead(board, 1)
    few = _statements(board, client, path)
    put_dead(board, 200)
    many = _statements(board, client, path)
    assert len(many) == len(few)
    counts = [statement for statement in many if "count(" in statement.lower()]
    assert all("LIMIT" in statement for statement in counts), "it counts without an end"


def test_without_work_each_list_says_what_would_be_there(board: Flask, client: BoardClient) -> None:
    for path, said in (
        ("/console/", "Nothing is dead"),
        ("/console/work", "Nothing waits"),
        ("/console/webhooks", "No webhook has come yet"),
    ):
        assert said in client.get(path).text


def _statements(board: Flask, client: BoardClient, path: str) -> list[str]:
    said: list[str] = []

    def note(connection: object, cursor: object, statement: str, *others: object) -> None:
        said.append(statement)

    with board.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return [statement for statement in said if "FROM work" in statement]


def test_of_many_handlers_those_with_the_most_are_shown(board: Flask, client: BoardClient) -> None:
    for number in range(10):
        put(board, handler=f"shop.h{number}", status="dead", finished_at=1)
    put(board, handler="shop.h9", status="dead", finished_at=1)
    summary = client.get("/console/").text.partition("By handler")[2].partition("</section>")[0]
    found = re.findall(r"<code>shop.(h\d)</code>", summary)
    assert found == ["h9", "h0", "h1", "h2", "h3", "h4", "h5", "h6"]
    assert "And 2 handlers with fewer." in summary
