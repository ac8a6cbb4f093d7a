"""PostgreSQL: the pool, what a board says of itself, how long a statement may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from pegboard import Plugin
from pegboard.app import create_app
from pegboard.db import db
from pegboard.settings import BoardSettings
from tests.core.observability.asking import Asking
from tests.postgres import NewDatabase, new_database, postgres

__all__ = ["new_database", "postgres"]

pytestmark = pytest.mark.db


@pytest.fixture
def make(new_database: NewDatabase) -> Callable[..., Flask]:
    """Boards on a database of their own, with any of the board's settings."""

    def made(query: str = "", *plugins: type[Plugin[Any]], **settings: Any) -> Flask:
        url = new_database() + query
        return create_app(BoardSettings(env="test", builtins=(), database_url=url, **settings), plugins=plugins)

    return made


def shown(app: Flask, name: str) -> str:
    with app.app_context():
        found: str = db.session.execute(text(f"SHOW {name}")).scalar_one()
        return found


def test_the_server_s_list_of_connections_names_the_board(make: Callable[..., Flask]) -> None:
    assert shown(make(app_name="Lesekreis Süd"), "application_name") == "pegboard Lesekreis S-d"
    assert len(shown(make(app_name="x" * 80), "application_name")) == 63


def test_what_the_url_says_of_itself_wins(make: Callable[..., Flask]) -> None:
    app = make("?application_name=mine&options=-c%20statement_timeout%3D9000")
    assert (shown(app, "application_name"), shown(app, "statement_timeout")) == ("mine", "9s")


def test_a_statement_that_takes_too_long_is_ended_with_503_and_words(
    make: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make("", Asking, database_timeout=0.1)
    assert app.test_client().get("/asking/sleep").status_code == 503
    assert "longer than [pegboard] database_timeout" in caplog.text
    assert app.test_client().get("/asking/1").text == "1"


def test_there_is_no_limit_where_none_is_wanted(make: Callable[..., Flask]) -> None:
    assert shown(make(database_timeout=0), "statement_timeout") == "0"


def test_a_machine_that_has_vanished_is_noticed_within_a_minute_on_either_side(make: Callable[..., Flask]) -> None:
    app = make()
    assert [shown(app, f"tcp_keepalives_{name}") for name in ("idle", "interval", "count")] == ["30", "10", "3"]
    with app.app_context(), db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        said = driver.info.get_parameters()
    assert [said[f"keepalives_{name}"] for name in ("idle", "interval", "count")] == ["30", "10", "3"]


def test_a_process_holds_no_more_connections_than_the_setting_allows(make: Callable[..., Flask]) -> None:
    app = make(database_connections=3)
    with app.app_context():
        pool: Any = db.engine.pool
        assert (pool.size(), pool._max_overflow) == (3, 3)


def test_a_connection_that_the_server_has_closed_is_replaced_unseen(make: Callable[..., Flask]) -> None:
    app = make("", Asking)
    client = app.test_client()
    assert client.get("/asking/1").text == "1"
    with app.app_context():
        _close_all_but_ours(db.engine)
    assert client.get("/asking/1").text == "1"


def _close_all_but_ours(engine: Engine) -> None:
    """As a server does that is started again: what the pool holds is dead."""
    with create_engine(engine.url, poolclass=NullPool).connect() as connection:
        closed = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
            )
        ).all()
    assert closed
