"""One item's page: its error, what it carries without secrets, how far it is, and who has set it to work again."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from flask import Flask

from pegboard import enqueue
from pegboard.builtin.console.redacting import LONGEST, SMALL
from pegboard.db import db
from pegboard.testing.boards import BoardClient
from pegboard.testing.work import do_work
from pegboard.work import replay
from tests.core.builtin.console.office import FAILING, PAY, failed, put, read

SECRET = "correct-horse-battery"
WEBHOOK = {
    "kind": "webhook",
    "queue": "webhooks",
    "handler": "acme.webhooks.acme",
    "source": "acme",
    "event_type": "order.paid",
}


def read_page(client: BoardClient, item: int) -> str:
    """What the page says, without its markup."""
    answer = client.get(f"/console/work/{item}")
    assert answer.status_code == 200, answer.text
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def test_what_failed_is_shown_with_its_whole_error_and_all_that_is_known(board: Flask, client: BoardClient) -> None:
    (item,) = failed(board, "zebedee", lane="person:1")
    page = read_page(client, item)
    assert "ProviderError: bank: no money for zebedee" in page
    assert "office.py:" in page
    for known in (f"Work {item}", PAY, "Dead", "Job", "Jobs", "person:1", "Tries 1", "Ended"):
        assert known in page
    assert '{ "who": "zebedee" }' in page


def test_times_are_in_words_and_exact(board: Flask, client: BoardClient) -> None:
    item = put(board, created_at=0, run_at=2**42)
    page = read_page(client, item)
    assert re.search(r"Written down \d+ years ago 1 Jan 1970, 00:00 UTC", page)
    assert re.search(r"Due in \d+ years 15 May 2109", page)
    assert "Ended" not in page


def test_what_has_ended_is_not_due(board: Flask, client: BoardClient) -> None:
    (item,) = failed(board, "ada")
    assert "Due" not in read_page(client, item)


def test_a_long_job_shows_how_far_it_is(board: Flask, client: BoardClient) -> None:
    with board.app_context():
        enqueue(read, 20)
        db.session.commit()
    do_work(board)
    page = client.get("/console/work/1").text
    assert "20 of 40 (50 %)" in page
    assert "rows read" in page
    assert re.search(r'<progress max="100" value="50"', page)


def test_a_job_that_does_not_know_how_much_there_is_shows_what_is_done(board: Flask, client: BoardClient) -> None:
    item = put(board, progress=json.dumps({"done": 7, "total": None, "note": ""}))
    page = client.get(f"/console/work/{item}").text
    assert "<span>7</span>" in page
    assert "<progress" not in page


def test_what_stands_under_the_name_of_a_secret_is_hidden_however_deep(board: Flask, client: BoardClient) -> None:
    data = {"user": "ada", "api_key": SECRET, "more": [{"password": [SECRET], "note": f"token={SECRET}"}]}
    item = put(board, data=json.dumps(data), lane=f"secret={SECRET}", error=f"OSError: password={SECRET}")
    page = read_page(client, item)
    assert '"user": "ada"' in page
    assert SECRET not in page


def test_secrets_of_the_board_are_hidden_under_whatever_name(board: Flask, client: BoardClient) -> None:
    from pegboard.live import board_of

    (key, *_) = board_of(board).signing_keys
    item = put(board, data=json.dumps({"innocent": f"<{key}>"}), error=f"OSError: {key}")
    assert key not in client.get(f"/console/work/{item}").text


def test_a_small_json_body_of_a_webhook_is_shown_without_secrets(board: Flask, client: BoardClient) -> None:
    body = json.dumps({"order": 17, "client_secret": SECRET}).encode()
    item = put(board, **WEBHOOK, payload=body, headers=json.dumps({"X-Signature": "v1=feedbeef"}))
    page = read_page(client, item)
    assert '"order": 17' in page
    assert f"has {len(body)} bytes." in page
    assert SECRET not in page
    assert "feedbeef" not in page, "headers are not shown"


@pytest.mark.parametrize(
    "body",
    [
        b'{"zebedee": "' + b"a" * SMALL + b'"}',
        b"zebedee: plain",
        b"\xff\xfezebedee",
        b'{"zebedee": ',
        b'"zebedee"',
        b'[{"zebedee": ' * 500,
        b"[" * 5000,
    ],
    ids=["large", "text", "binary", "cut", "string", "deep", "deeper"],
)
def test_any_other_body_is_shown_by_its_size(board: Flask, client: BoardClient, body: bytes) -> None:
    item = put(board, **WEBHOOK, payload=body)
    page = read_page(client, item)
    assert "It is not shown" in page
    assert "zebedee" not in page


@pytest.mark.parametrize("data", ["no json, token=zebedee", "[" * 5000 + "token=zebedee"], ids=["text", "deep"])
def test_data_that_is_no_json_is_shown_without_secrets_too(board: Flask, client: BoardClient, data: str) -> None:
    page = read_page(client, put(board, data=data))
    assert "token=********" in page
    assert "zebedee" not in page


def test_data_that_is_long_is_not_shown_but_where_to_see_it(board: Flask, client: BoardClient) -> None:
    item = put(board, data=json.dumps({"zebedee": "a" * LONGEST}))
    page = read_page(client, item)
    assert f"pegboard work show {item}" in page
    assert "zebedee" not in page


def test_what_an_item_carries_is_escaped(board: Flask, client: BoardClient) -> None:
    evil = "<script>alert(1)</script>"
    item = put(board, data=json.dumps({evil: evil}), error=evil, handler=evil, lane=evil, status="dead", finished_at=1)
    for path in (f"/console/work/{item}", "/console/", f"/console/?handler={evil}", f"/console/replay?handler={evil}"):
        page = client.get(path).text
        assert "alert(1)" in page
        assert evil not in page


def test_replays_are_shown_with_who_asked_and_what_it_was(board: Flask, client: BoardClient) -> None:
    (item,) = failed(board, "ada")
    assert "Replays so far None." in read_page(client, item)
    with board.app_context():
        replay([item], "root@machine")
    do_work(board)
    client.submit(f"/console/work/{item}/replay", page=f"/console/work/{item}")
    FAILING["now"] = False
    do_work(board)
    page = read_page(client, item)
    assert re.search(r"Replays so far Ada .*It was: Dead 1 try root@machine .*It was: Dead 1 try$", page)
    assert "no money for ada" in page, "what had become of it is kept"


def test_what_waits_for_a_plugin_says_so(board: Flask, client: BoardClient) -> None:
    item = put(board, status="parked", error="nothing handles gone.job")
    page = read_page(client, item)
    assert "Nothing that is enabled handles it." in page
    assert "nothing handles gone.job" in page


def test_what_was_purged_says_so_and_has_no_button(board: Flask, client: BoardClient) -> None:
    item = put(board, status="done", data=None, finished_at=1, purged_at=2)
    assert "cannot be set to work again" in read_page(client, item)
    assert "/replay" not in client.get(f"/console/work/{item}").text


@pytest.mark.parametrize("number", ["99", str(2**63 - 1), str(2**70), "-1", "one"])
def test_an_item_that_is_not_there_is_a_page_that_says_so(board: Flask, client: BoardClient, number: str) -> None:
    answer = client.get(f"/console/work/{number}")
    assert answer.status_code == 404
    assert "There is no page here" in answer.text
