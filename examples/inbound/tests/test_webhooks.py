"""Who knows a secret is heard, once for each id; the last ten messages are kept."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select, update

from pegboard.db import db
from pegboard.testing.work import do_work
from pegboard.work.models import Work
from pegboard_inbound.models import Message

Send = Callable[..., int]


def kept(board: Flask) -> list[str]:
    with board.app_context():
        return list(db.session.scalars(select(Message.webhook).order_by(Message.id)))


def test_a_message_is_kept(board: Flask, send: Send) -> None:
    assert send("msg_1", {"order": "ö"}) == 200
    with board.app_context():
        message = db.session.scalars(select(Message)).one()
        assert (message.webhook, message.type, '"ö"' in message.text) == ("msg_1", "order.paid", True)


def test_so_is_one_that_was_signed_with_the_older_secret(board: Flask, send: Send, older_secret: str) -> None:
    assert send("msg_1", secret=older_secret) == 200
    assert kept(board) == ["msg_1"]


def test_a_stranger_is_refused(board: Flask, send: Send) -> None:
    assert send("msg_1", secret="whsec_c29tZWJvZHkgZWxzZQ==") == 400
    assert kept(board) == []


def test_a_message_that_comes_twice_is_kept_once(board: Flask, send: Send) -> None:
    assert [send("msg_1"), send("msg_1")] == [200, 200]
    assert kept(board) == ["msg_1"]


def test_one_that_is_set_to_work_again_is_kept_once(board: Flask, send: Send) -> None:
    send("msg_1")
    with board.app_context():
        db.session.execute(update(Work).values(status="pending"))
        db.session.commit()
    assert do_work(board) == 1
    assert kept(board) == ["msg_1"]


def test_the_last_ten_are_kept(board: Flask, send: Send) -> None:
    for number in range(13):
        send(f"msg_{number}")
    assert kept(board) == [f"msg_{number}" for number in range(3, 13)]
