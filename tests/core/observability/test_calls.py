"""Each call to a provider is told once, to the log and to the listeners of its board, and what is told opens nothing."""

from __future__ import annotations

import json
import logging

import pytest
from flask import Flask

from pegboard import BoardSettings, create_app
from pegboard.observability.calls import Call, calls_of, outcome_of, told
from pegboard.observability.logs import Lines


@pytest.fixture
def app() -> Flask:
    return create_app(BoardSettings(env="test"), plugins=[])


def test_a_call_is_one_record_with_all_that_is_known(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pegboard.calls")
    told("shop", "list orders", "ok", 12.3, status=200, request_id="req_1", tries=2)
    [record] = caplog.records
    assert record.getMessage() == "shop list orders: ok in 12 ms (200, 2 tries, req_1)"
    assert record.levelno == logging.INFO
    assert vars(record)["call"] == {
        "provider": "shop",
        "operation": "list orders",
        "outcome": "ok",
        "milliseconds": 12.3,
        "status": 200,
        "request_id": "req_1",
        "tries": 2,
    }


def test_a_line_of_text_says_it_once_and_one_of_json_in_fields(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pegboard.calls")
    told("shop", "list orders", "ok", 12.3, status=200, request_id="0123456789abcdef0123456789abcdef")
    record = logging.makeLogRecord(
        {name: value for name, value in vars(caplog.records[0]).items() if name != "message"}
    )
    text, fields = Lines("text", ()).format(record), json.loads(Lines("json", ()).format(record))
    assert text.endswith("INFO pegboard.calls: shop list orders: ok in 12 ms (200, 0123456789abcdef0123456789abcdef)")
    assert fields["call"]["request_id"] == "0123456789abcdef0123456789abcdef"
    assert fields["call"]["outcome"] == "ok"


def test_what_failed_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    told("shop", "list orders", "unreachable", 3000)
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [
        (logging.WARNING, "shop list orders: unreachable in 3000 ms")
    ]


@pytest.mark.parametrize("name", ["a\nINFO forged: line", "x" * 201, "<b>", "", None, "a b"])
def test_what_does_not_look_like_a_request_id_is_none(name: str | None) -> None:
    assert told("shop", "GET", "ok", 1, request_id=name).request_id == ""


def test_listeners_hear_the_calls_of_their_board_alone(app: Flask) -> None:
    heard: list[Call] = []
    calls_of(app).subscribe(heard.append)
    other = create_app(BoardSettings(env="test"), plugins=[])
    with app.app_context():
        call = told("shop", "GET", "ok", 1)
    with other.app_context():
        told("shop", "POST", "ok", 1)
    told("shop", "PUT", "ok", 1)
    assert heard == [call]

    calls_of(app).unsubscribe(heard.append)
    with app.app_context():
        told("shop", "GET", "ok", 1)
    assert heard == [call]


def test_a_listener_that_raises_hides_nothing(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def broken(call: Call) -> None:
        raise ZeroDivisionError

    heard: list[Call] = []
    calls_of(app).subscribe(broken)
    calls_of(app).subscribe(heard.append)
    with app.app_context():
        call = told("shop", "GET", "ok", 1)
    assert heard == [call]
    assert "a listener to calls raised" in caplog.text


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "ok"), (304, "refused"), (404, "not_found"), (403, "refused"), (429, "rate_limited"), (503, "failed")],
)
def test_a_status_has_one_word(status: int, outcome: str) -> None:
    assert outcome_of(status) == outcome
