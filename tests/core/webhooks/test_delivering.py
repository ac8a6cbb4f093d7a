"""What was acknowledged is handled: once in effect, one object's in turn, with the bytes that came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pegboard import hookimpl
from pegboard.contracts.webhooks import Webhook
from pegboard.db import ModelBase, db, has_written, metadata
from pegboard.errors import ProviderError
from pegboard.live import board_of
from pegboard.testing.boards import MakeBoard
from pegboard.testing.work import do_work

from .acme import Acme, order, post, rows


class Base(ModelBase, DeclarativeBase):
    metadata = metadata
    plugin = "shop"


class ShopOrder(Base):
    """What the board knows of an order, and how often it was written."""

    __tablename__ = "shop_orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    order: Mapped[str]
    state: Mapped[str]


class Shop(Acme):
    """Asks Acme how the order is, and writes that down."""

    name = "shop"
    source = "acme"

    def __init__(self, settings: Any) -> None:
        super().__init__(settings)
        self.at_acme: dict[str, str] = {}  # how the orders are now, as Acme would say when it is asked
        self.heard: list[Webhook] = []
        self.fail: list[Exception] = []

    def handle(self, webhook: Webhook) -> Iterator[None]:
        assert not has_written(db.session())
        state = self.at_acme.get(webhook.subject, "unknown")
        yield
        self.heard.append(webhook)
        db.session.execute(insert(ShopOrder).values(order=webhook.subject, state=state))
        if self.fail:
            raise self.fail.pop(0)


@pytest.fixture
def app(url: str, make_board: MakeBoard) -> Flask:
    return with_table(make_board(Shop, database_url=url))


def with_table(app: Flask) -> Flask:
    """The same board, with the table of its plugin, which has no migrations."""
    with app.app_context():
        metadata.create_all(db.engine, tables=[ShopOrder.__table__])  # type: ignore[list-item]
    return app


def shop(app: Flask) -> Shop:
    return board_of(app).plugin(Shop)


def effects(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        found = db.session.execute(text('SELECT "order", state FROM shop_orders ORDER BY id'))
        return [(row[0], row[1]) for row in found]


def test_the_handler_gets_what_came(app: Flask) -> None:
    body = order("evt_1", note="ünïcode")
    post(app, body)
    assert do_work(app) == 1
    (webhook,) = shop(app).heard
    assert (webhook.source, webhook.id, webhook.type, webhook.subject) == ("acme", "evt_1", "order.paid", "o1")
    assert (webhook.body, webhook.json()["note"]) == (body, "ünïcode")
    assert webhook.headers["content-type"] == webhook.headers["Content-Type"] == "application/json"
    assert webhook.received_at.tzinfo is not None
    assert "ünïcode" not in repr(webhook)
    assert [row.status for row in rows(app)] == ["done"]


def test_what_came_three_times_has_one_effect(app: Flask) -> None:
    shop(app).at_acme["o1"] = "paid"
    post(app, order("evt_1")), post(app, order("evt_1"))
    do_work(app)
    assert post(app, order("evt_1")).status_code == 200
    assert do_work(app) == 0
    assert effects(app) == [("o1", "paid")]
    assert len(rows(app)) == 1


def test_out_of_order_the_last_that_is_written_is_how_the_object_is_now(app: Flask) -> None:
    shop(app).at_acme["o1"] = "sent"
    post(app, order("evt_2", "order.sent")), post(app, order("evt_1", "order.paid"))
    do_work(app)
    assert [webhook.type for webhook in shop(app).heard] == ["order.sent", "order.paid"], (
        "one after the other, as they came"
    )
    assert effects(app)[-1] == ("o1", "sent")


def test_one_that_fails_holds_up_its_object_and_no_other(app: Flask) -> None:
    shop(app).fail.append(RuntimeError("not now"))
    post(app, order("evt_1")), post(app, order("evt_2")), post(app, order("evt_3", of="o2"))
    do_work(app)
    assert [row.status for row in rows(app)] == ["pending", "waiting", "done"]
    assert effects(app) == [("o2", "unknown")], "what failed has left nothing"
    do_work(app, whenever=True)
    assert [webhook.id for webhook in shop(app).heard] == ["evt_1", "evt_3", "evt_1", "evt_2"]


def test_one_that_can_never_be_handled_is_dead_with_its_error(app: Flask) -> None:
    shop(app).fail.append(ProviderError("no such order", provider="acme", permanent=True))
    post(app, order("evt_1")), post(app, order("evt_2"))
    do_work(app)
    first, second = rows(app)
    assert (first.status, second.status) == ("dead", "done")
    assert "no such order" in (first.error or "")


def test_what_is_ignored_is_not_handled(app: Flask) -> None:
    post(app, order("evt_1", "order.dreamt"))
    assert do_work(app) == 0
    assert shop(app).heard == []


def test_without_its_plugin_it_is_parked_and_handled_when_that_is_back(
    app: Flask, url: str, make_board: MakeBoard
) -> None:
    post(app, order("evt_1"))
    without = make_board(database_url=url)
    do_work(without)
    (row,) = rows(without)
    assert (row.status, "webhooks of acme" in (row.error or "")) == ("parked", True)
    do_work(app)
    assert [webhook.id for webhook in shop(app).heard] == ["evt_1"]


def test_while_its_plugin_is_left_out_it_is_parked(app: Flask, url: str, make_board: MakeBoard) -> None:
    class Broken(Shop):
        @hookimpl
        def app_ready(self, app: Flask) -> None:
            raise RuntimeError("not today")

    post(app, order("evt_1"))
    broken = make_board(Broken, database_url=url, config={"shop": {"on_failure": "skip"}})
    do_work(broken)
    assert [row.status for row in rows(broken)] == ["parked"]
    assert board_of(broken).plugin(Broken).heard == []


def test_another_plugin_that_has_taken_the_word_over_does_not_get_what_came_before(
    app: Flask, url: str, make_board: MakeBoard
) -> None:
    post(app, order("evt_1"))
    taken_over = make_board(Acme, database_url=url)
    do_work(taken_over)
    assert [row.status for row in rows(taken_over)] == ["parked"]


def test_a_handler_without_a_yield_only_writes(url: str, make_board: MakeBoard) -> None:
    class Plain(Shop):
        def handle(self, webhook: Webhook) -> None:  # type: ignore[override]
            self.heard.append(webhook)

    app = make_board(Plain, database_url=url)
    post(app, order("evt_1"))
    do_work(app)
    assert [one.id for one in board_of(app).plugin(Plain).heard] == ["evt_1"]
    assert json.loads(rows(app)[0].data or "")["id"] == "evt_1"
