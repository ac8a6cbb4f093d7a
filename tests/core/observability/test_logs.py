"""The log of a board whose deployment has set up none."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from pegboard.observability.ids import bound
from pegboard.observability.logs import Lines, init_logs
from pegboard.observability.redaction import MASK

SECRET = "planted-secret-value"
PROGRAM = """
import logging
{before}
from pegboard import BoardSettings, create_app
for _ in range(2):
    create_app(BoardSettings(env="test", builtins=(){settings}))
logging.getLogger("pegboard.web").warning({message})
"""


def logged(before: str = "", settings: str = "", message: str = '"the queue is full"') -> str:
    program = PROGRAM.format(before=before, settings=settings, message=message)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    return done.stderr


@pytest.fixture(params=["text", "json"])
def line(request: pytest.FixtureRequest) -> Any:
    """Formats one record, in each style; what it was is the record's own."""
    lines = Lines(request.param, [SECRET])

    def written(message: str, *args: object, **more: Any) -> str:
        record = logging.LogRecord(
            "pegboard.web", logging.WARNING, __file__, 1, message, args, more.pop("exc_info", None)
        )
        vars(record).update(more)
        return lines.format(record)

    return written


def test_each_line_says_when_how_grave_and_who_once() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING pegboard\.web: the queue is full\n", logged())


def test_as_json_a_line_is_one_object() -> None:
    found = json.loads(logged(settings=', log_format="json"'))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found.pop("timestamp"))
    assert found == {"event": "the queue is full", "level": "warning", "logger": "pegboard.web"}


def test_a_log_that_the_deployment_has_set_up_is_left_alone() -> None:
    assert logged("logging.basicConfig(format='mine: %(message)s')") == "mine: the queue is full\n"


def test_what_is_less_grave_than_the_level_is_left_out() -> None:
    assert logged(settings=', log_level="ERROR"') == ""


def test_the_secrets_of_all_boards_of_a_process_are_left_out() -> None:
    key = "kX7vQ2mZ9rT4wB8nL1pY6sD3fG5hJ0cAeUiOqWxR"
    before = (
        f'from pegboard import BoardSettings as B, create_app as c; c(B(env="test", builtins=(), secret_key="{key}"))'
    )
    said = logged(before, message=f'"it is {key}"')
    assert said.endswith(f"it is {MASK}\n")


def test_nothing_is_imported_for_lines_that_are_not_written() -> None:
    program = "import sys; from pegboard import BoardSettings, create_app; create_app(BoardSettings(env='test', builtins=())); print('structlog' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"


def test_ids_of_request_work_and_event_are_in_every_record(line: Any) -> None:
    app = Flask(__name__)
    with app.test_request_context(headers={"X-Request-ID": "request-1"}), bound(work_id="7", event_id="e-1"):
        said = line("hello")
    for name, value in (("request_id", "request-1"), ("work_id", "7"), ("event_id", "e-1")):
        assert f"{name}={value}" in said or json.loads(said)[name] == value
    assert "work_id" not in line("hello")


def test_a_secret_is_left_out_of_message_values_and_traceback(line: Any) -> None:
    try:
        raise RuntimeError(f"refused: {SECRET}")
    except RuntimeError:
        said = line(
            "sent %s to %s",
            SECRET,
            "https://user:other-password@example.com/",
            tried=[f"with {SECRET}"],
            exc_info=sys.exc_info(),
        )
    assert SECRET not in said
    assert "other-password" not in said
    assert "RuntimeError: refused" in said
    assert said.count(MASK) == 4


@pytest.mark.parametrize(
    "more",
    [
        {"password": "hunter2"},
        {"headers": {"Authorization": "Bearer hunter2"}},
        {"given": SecretStr("hunter2")},
        {"answer": {"data": [{"api_key": "hunter2"}]}},
    ],
)
def test_a_secret_is_known_by_its_type_and_by_its_name(line: Any, more: dict[str, Any]) -> None:
    said = line("signed in", **more)
    assert "hunter2" not in said
    assert "*****" in said


def test_a_later_board_does_not_make_the_log_forget_or_double(capsys: pytest.CaptureFixture[str]) -> None:
    log = logging.getLogger("pegboard")
    before, log.handlers, log.propagate = (log.handlers, log.propagate), [], False
    try:
        init_logs("text", "INFO", [SECRET])
        init_logs("text", "INFO", ["another-secret"])
        log.info("%s and another-secret", SECRET)
    finally:
        log.handlers, log.propagate = before
    assert capsys.readouterr().err.count(MASK) == 2
