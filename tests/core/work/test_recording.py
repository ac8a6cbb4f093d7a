"""What is recorded happens for every handler, with the caller's transaction or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from pegboard import Plugin, hookimpl, hookspec, record
from pegboard.db import db
from pegboard.errors import ConfigError
from pegboard.events import Event, PasswordChanged, RoleGranted, UserRegistered
from pegboard.testing.boards import MakeBoard
from pegboard.work.extension import EXTENSION
from pegboard.work.models import Work
from pegboard.work.nudging import Hint
from tests.conftest import MakePlugin

ADA = UserRegistered("ada", "ada@example.com", "Ada")


class Listener(Plugin[Any]):
    """Hears of new accounts."""

    name = "listener"

    @hookimpl
    def user_registered(self, event: UserRegistered) -> None:
        """Nothing here: these tests look at what is written down."""


class Other(Plugin[Any]):
    """Hears of them as well."""

    name = "other"

    @hookimpl
    def user_registered(self, event: UserRegistered) -> None: ...

    @hookimpl
    def password_changed(self, event: PasswordChanged) -> None: ...


@pytest.fixture
def heard(url: str, make_board: MakeBoard) -> Iterator[Flask]:
    """A board with both, and its context."""
    app = make_board(Listener, Other, database_url=url)
    with app.app_context():
        yield app


def items() -> list[Work]:
    return list(db.session.scalars(select(Work).order_by(Work.id)))


def test_one_item_for_each_handler_joins_the_callers_transaction(heard: Flask) -> None:
    record(ADA)
    db.session.rollback()
    assert items() == []
    record(ADA)
    db.session.commit()
    found = items()
    assert {item.handler for item in found} == {"listener.user_registered", "other.user_registered"}
    assert {item.lane for item in found} == {"listener.user_registered:ada", "other.user_registered:ada"}
    assert {(item.event_id, item.event_type, item.event_version) for item in found} == {
        (str(ADA.id), "user_registered", 1)
    }


def test_what_nobody_hears_is_not_written_down(heard: Flask) -> None:
    record(RoleGranted("ada", "admin"))
    db.session.commit()
    assert items() == []


def test_a_board_where_nobody_listens_needs_no_database(make_board: MakeBoard) -> None:
    app = make_board()
    with app.app_context():
        record(ADA)
    assert "sqlalchemy" not in app.extensions


def test_a_handler_brings_the_database(make_board: MakeBoard) -> None:
    assert "sqlalchemy" in make_board(Listener).extensions


def test_a_savepoint_that_is_rolled_back_takes_it_along(heard: Flask) -> None:
    record(PasswordChanged("ada"))
    nested = db.session.begin_nested()
    record(ADA)
    nested.rollback()
    db.session.commit()
    assert [item.event_type for item in items()] == ["password_changed"]


class Noted:
    """A driver that writes its hints down."""

    def __init__(self) -> None:
        self.hints: list[set[Hint]] = []

    def nudge(self, hints: set[Hint]) -> None:
        self.hints.append(hints)


@pytest.fixture
def noted(heard: Flask) -> Noted:
    """The driver of the board."""
    heard.extensions[EXTENSION] = driver = Noted()
    return driver


def test_the_nudge_comes_once_after_the_outermost_commit(heard: Flask, noted: Noted) -> None:
    with db.session.begin_nested():
        record(PasswordChanged("ada"))
    record(PasswordChanged("eve"))
    assert noted.hints == []
    db.session.commit()
    lanes = {("events", f"other.password_changed:{name}") for name in ("ada", "eve")}
    assert noted.hints == [lanes]
    db.session.commit()
    assert len(noted.hints) == 1


def test_nothing_is_nudged_after_a_rollback(heard: Flask, noted: Noted) -> None:
    record(ADA)
    db.session.rollback()
    db.session.execute(text("SELECT 1"))
    db.session.commit()
    assert noted.hints == []


def test_a_thousand_lanes_are_one_hint_after_some(heard: Flask, noted: Noted) -> None:
    for number in range(200):
        record(PasswordChanged(f"user {number}"))
    db.session.commit()
    assert len(noted.hints[0]) <= 101
    assert ("events", None) in noted.hints[0]


def test_outside_a_context_the_error_shows_what_to_write() -> None:
    with pytest.raises(RuntimeError, match=r"with app\.app_context\(\):\n +record"):
        record(ADA)


def test_another_thread_has_no_context_and_an_inner_one_another_transaction(heard: Flask) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            record(ADA)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert len(errors) == 1
    with heard.app_context():
        record(PasswordChanged("ada"))
    db.session.commit()
    assert items() == []


def test_a_session_may_be_given(heard: Flask) -> None:
    from sqlalchemy.orm import Session

    with Session(db.engine) as session:
        record(PasswordChanged("ada"), session=session)
        session.commit()
    assert len(items()) == 1


def test_a_long_subject_has_a_lane_all_the_same(heard: Flask) -> None:
    for subject in ("x" * 10_000, "x" * 10_000, "x" * 9_999):
        record(PasswordChanged(subject))
    db.session.commit()
    assert len({item.lane for item in items()}) == 2
    assert [item.status for item in items()] == ["pending", "waiting", "pending"]


@dataclass(frozen=True, slots=True)
class ShopOrderPlaced(Event):
    """Somebody has bought something."""

    order: str

    @property
    def subject(self) -> str:
        return self.order


class ShopHooks:
    """What the shop tells."""

    @hookspec
    def shop_order_placed(self, event: ShopOrderPlaced) -> None:
        """Somebody has bought something."""


class Shop(Plugin[Any]):
    """Has an event of its own."""

    name = "shop"
    hookspecs = ShopHooks


class Packing(Plugin[Any]):
    """Hears of it, where there is a shop."""

    name = "packing"

    @hookimpl(optionalhook=True)
    def shop_order_placed(self, event: ShopOrderPlaced) -> None: ...


def test_a_plugin_brings_events_of_its_own(url: str, make_board: MakeBoard) -> None:
    with make_board(Packing, Shop, database_url=url).app_context():
        record(ShopOrderPlaced("17"))
        db.session.commit()
        assert [(item.handler, item.event_type) for item in items()] == [
            ("packing.shop_order_placed", "shop_order_placed")
        ]


def test_an_event_of_a_plugin_that_is_not_enabled_is_unknown_and_its_listener_boots(make_board: MakeBoard) -> None:
    with (
        make_board(Packing).app_context(),
        pytest.raises(LookupError, match=r"def shop_order_placed\(self, event: Shop"),
    ):
        record(ShopOrderPlaced("17"))


def test_another_class_of_the_same_name_is_refused(heard: Flask) -> None:
    @dataclass(frozen=True, slots=True)
    class PasswordChanged(Event):
        """Not the one."""

    with pytest.raises(TypeError, match=r"hears pegboard\.events\.accounts\.PasswordChanged, not tests"):
        record(PasswordChanged())


def test_a_misspelt_handler_and_an_unknown_event_are_boot_errors(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    def handler(self: Any, event: Any) -> None: ...

    with pytest.raises(ConfigError) as caught:
        make_board(make_plugin("a", user_registerd=handler), make_plugin("b", shop_order_placd=handler), Shop)
    assert "unknown hook 'user_registerd'" in str(caught.value)
    assert "did you mean 'user_registered'?" in str(caught.value)
    assert "did you mean 'shop_order_placed'?" in str(caught.value)


def test_a_handler_without_its_mark_is_a_boot_error(make_board: MakeBoard) -> None:
    class Unmarked(Plugin[Any]):
        """Forgot @hookimpl."""

        name = "unmarked"

        def user_registered(self, event: UserRegistered) -> None: ...

    with pytest.raises(ConfigError, match="user_registered lacks @hookimpl"):
        make_board(Unmarked)


def test_an_event_of_a_plugin_is_named_after_it_and_its_hook_after_the_event(make_board: MakeBoard) -> None:
    class Specs:
        """Both wrong."""

        @hookspec
        def order_placed(self, event: ShopOrderPlaced) -> None:
            """Not named after the event."""

    class Careless(Plugin[Any]):
        """Names them as it likes."""

        name = "careless"
        hookspecs = Specs

    with pytest.raises(ConfigError, match="'order_placed' is not named after the event 'ShopOrderPlaced'"):
        make_board(Careless)


def test_a_plugin_that_was_left_out_hears_of_it_when_it_is_back(url: str, make_board: MakeBoard) -> None:
    class Broken(Plugin[Any]):
        """Fails when its hooks are collected."""

        name = "broken"

        @hookimpl
        def nav_items(self) -> Any:
            raise OSError("no")

        @hookimpl
        def user_registered(self, event: UserRegistered) -> None: ...

    app = make_board(Broken, database_url=url, config={"broken": {"on_failure": "skip"}})
    with app.app_context():
        record(ADA)
        db.session.commit()
        assert [item.handler for item in items()] == ["broken.user_registered"]


def test_the_request_is_known_to_what_it_leads_to(heard: Flask) -> None:
    from pegboard.observability.ids import request_id

    with heard.test_request_context("/", headers={"X-Request-ID": "abcdef0123456789"}):
        request_id()
        record(PasswordChanged("ada"))
        db.session.commit()
    assert items()[0].request_id == "abcdef0123456789"
