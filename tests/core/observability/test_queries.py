"""What requests ask of the database is counted; what is slow or too often is logged, without values."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from flask import Flask

from pegboard.app import create_app
from pegboard.settings import BoardSettings
from tests.core.observability.asking import Asking

LOG = "pegboard.database"


def board(folder: Path, **settings: object) -> Flask:
    given = BoardSettings.model_validate(
        {"env": "test", "builtins": (), "database_url": f"sqlite:///{folder}/test.db", **settings}
    )
    return create_app(given, plugins=[Asking])


def records(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == LOG and one.levelno == level]


def test_each_request_is_told_how_often_it_asked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOG)
    client = board(tmp_path).test_client()
    answer = client.get("/asking/3")
    (said,) = records(caplog, logging.DEBUG)
    assert said.startswith("3 queries, ")
    assert said.endswith(f", GET asking.ask, request {answer.headers['X-Request-ID']}")
    client.get("/asking/2")
    assert records(caplog, logging.DEBUG)[1].startswith("2 queries, ")


def test_a_request_that_asks_nothing_is_not_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, LOG)
    board(tmp_path).test_client().get("/asking/0")
    assert records(caplog, logging.DEBUG) == []


def test_many_queries_are_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = board(tmp_path, many_queries=5).test_client()
    client.get("/asking/4")
    assert records(caplog, logging.WARNING) == []
    client.get("/asking/5")
    assert [said[:9] for said in records(caplog, logging.WARNING)] == ["5 queries"]


def test_a_slow_query_is_logged_with_its_statement_and_no_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = board(tmp_path, slow_query=1e-9).test_client()
    client.get("/asking/1?secret=planted-value")
    (said,) = records(caplog, logging.WARNING)
    assert "slow query, " in said
    assert ": SELECT ?" in said
    assert "planted-value" not in caplog.text
