"""Setting work to work again: one item and all of a handler, with who asked written down and what cannot be said kindly."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from pegboard.builtin.console import replays
from pegboard.db import db
from pegboard.testing.boards import BoardClient
from pegboard.testing.people import Person
from pegboard.testing.work import do_work
from pegboard.work import replay
from pegboard.work.models import Work
from tests.core.builtin.console.office import FAILING, PAY, SEND, failed, put, put_dead, send, status_of, trail


def test_a_dead_item_is_set_to_work_again_and_it_is_written_down_who_asked(
    board: Flask, client: BoardClient, admin: Person
) -> None:
    (item,) = failed(board, "ada")
    answer = client.submit(f"/console/work/{item}/replay", page="/console/", seen="dead")
    assert (answer.status_code, answer.location) == (303, f"/console/work/{item}")
    assert f"Work {item} is set to work again." in client.get(answer.location).text
    assert status_of(board, item) == "pending"
    assert trail(board) == [(item, admin.subject, "dead")]
    FAILING["now"] = False
    do_work(board)
    assert status_of(board, item) == "done"


def test_the_form_of_a_list_leads_back_to_that_list(board: Flask, client: BoardClient) -> None:
    (item,) = failed(board, "ada")
    page = client.get("/console/?queue=jobs").text
    assert 'name="next" value="/console/?queue=jobs"' in page
    answer = client.submit(f"/console/work/{item}/replay", page="/console/", next="/console/?queue=jobs")
    assert answer.location == "/console/?queue=jobs"


def test_a_replay_leads_nowhere_else(board: Flask, client: BoardClient) -> None:
    (item,) = failed(board, "ada")
    answer = client.submit(f"/console/work/{item}/replay", page="/console/", next="https://evil.example/")
    assert answer.location == f"/console/work/{item}"


def test_what_has_been_done_since_the_page_was_shown_is_not_done_twice(board: Flask, client: BoardClient) -> None:
    (item,) = failed(board, "ada")
    token = client.token("/console/")
    FAILING["now"] = False
    with board.app_context():
        replay([item], "somebody else")
    do_work(board)
    answer = client.post(
        f"/console/work/{item}/replay", data={"csrf_token": token, "seen": "dead"}, follow_redirects=True
    )
    assert "This item has moved on in the meantime, and was left alone." in answer.text
    assert status_of(board, item) == "done"
    assert len(trail(board)) == 1


def test_what_is_under_way_is_left_alone_with_kind_words(board: Flask, client: BoardClient) -> None:
    item = put(board)
    token = client.token("/account/profile")
    answer = client.post(f"/console/work/{item}/replay", data={"csrf_token": token}, follow_redirects=True)
    assert "This item has moved on in the meantime" in answer.text
    assert trail(board) == []


def test_what_was_purged_meanwhile_is_said(board: Flask, client: BoardClient) -> None:
    item = put(board, status="dead", finished_at=1)
    token = client.token("/console/")
    with board.app_context():
        db.session.execute(update(Work).values(purged_at=2))
        db.session.commit()
    answer = client.post(f"/console/work/{item}/replay", data={"csrf_token": token}, follow_redirects=True)
    assert "What this item carried is deleted by now" in answer.text


def test_what_is_gone_is_a_page_that_is_not_there(board: Flask, client: BoardClient) -> None:
    token = client.token("/account/profile")
    assert client.post("/console/work/99/replay", data={"csrf_token": token}).status_code == 404


def test_what_was_done_can_be_done_once_more_after_a_plain_question(board: Flask, client: BoardClient) -> None:
    FAILING["now"] = False
    (item,) = failed(board, "ada")
    page = f"/console/work/{item}"
    assert "It was done already: everything it does is done once more." in client.get(page).text
    client.submit(f"{page}/replay", page=page, seen="done")
    assert status_of(board, item) == "pending"


def test_all_of_a_handler_are_replayed_after_their_number_was_said(
    board: Flask, client: BoardClient, admin: Person
) -> None:
    items = failed(board, "ada", "grace", lane="one")
    (other,) = failed(board, "mary", function=send)
    path = f"/console/replay?handler={PAY}"
    assert f'href="{path}"' in client.get("/console/").text
    assert "There are 2." in client.get(path).text
    answer = client.submit("/console/replay", page=path, handler=PAY)
    assert (answer.status_code, answer.location) == (303, "/console/")
    assert "2 items are set to work again." in client.get("/console/").text
    assert trail(board) == [(item, admin.subject, "dead") for item in items]
    assert status_of(board, other) == "dead"
    FAILING["now"] = False
    do_work(board)
    assert [status_of(board, item) for item in items] == ["done", "done"]


def test_more_than_one_request_may_take_are_replayed_in_parts_the_oldest_first(
    board: Flask, client: BoardClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "AT_ONCE", 2)
    items = failed(board, "a", "b", "c")
    path = f"/console/replay?handler={PAY}"
    assert "There are 3. The oldest 2 are set to work now" in client.get(path).text
    client.submit("/console/replay", page=path, handler=PAY)
    assert [status_of(board, item) for item in items] == ["pending", "pending", "dead"]


def test_very_many_are_counted_to_a_thousand(board: Flask, client: BoardClient) -> None:
    put_dead(board, 1_200)
    assert "There are 1,000 or more. The oldest 500" in client.get(f"/console/replay?handler={PAY}").text


@pytest.mark.parametrize("handler", ["", SEND, "\0"])
def test_a_handler_without_dead_letters_has_nothing_to_replay(board: Flask, client: BoardClient, handler: str) -> None:
    (item,) = failed(board, "ada")
    said = "Nothing of this handler is dead any more."
    assert said in client.get("/console/replay", query_string={"handler": handler}, follow_redirects=True).text
    client.submit("/console/replay", page="/console/", handler=handler)
    assert said in client.get("/console/").text
    assert status_of(board, item) == "dead"


def test_what_somebody_else_replays_keeps_none_of_the_others_back(
    board: Flask, client: BoardClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = failed(board, "ada", "grace")
    monkeypatch.setattr("pegboard.work.replaying.dead_ids", lambda *_, **__: [99, first, second])
    with board.app_context():
        replay([first], "somebody else")
    answer = client.submit("/console/replay", page=f"/console/replay?handler={PAY}", handler=PAY)
    assert "1 item is set to work again." in client.get(answer.location).text
    assert [status_of(board, item) for item in (first, second)] == ["pending", "pending"]


def test_a_webhook_that_nobody_handles_cannot_be_replayed(board: Flask, client: BoardClient) -> None:
    webhook = {"kind": "webhook", "queue": "webhooks", "handler": "acme.webhooks.acme", "source": "acme"}
    item = put(board, **webhook, event_type="order.seen", status="ignored", finished_at=1)
    page = client.get(f"/console/work/{item}").text
    assert "Nobody handles webhooks of this type." in page
    assert "/replay" not in page
    token = client.token("/account/profile")
    answer = client.post(f"/console/work/{item}/replay", data={"csrf_token": token}, follow_redirects=True)
    assert "Nobody here handles webhooks of this type: it was left alone." in answer.text
    assert (status_of(board, item), trail(board)) == ("ignored", [])
