"""The console as people see it: 390 and 1280 pixels, light and dark, without work and with much of it, with the longest names there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from sqlalchemy import insert

from pegboard import BoardSettings, create_app
from pegboard.db import db
from pegboard.live import board_of
from pegboard.migrations import upgrade
from pegboard.work.models import STATUSES, Work, WorkReplay
from tests.pages import LONG, PASSWORD, Axe, problems, sign_in, url, window

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["sign_in", "url", "window"]
pytestmark = pytest.mark.browser
PAGES = ("/console/", "/console/work", "/console/webhooks", "/console/?handler=nobody", "/console/work?status=done")
FULL = (
    "/console/work/1",
    "/console/work/4",
    "/console/work/10",
    "/console/?before=20",
    "/console/replay?handler=shop.send",
)


@pytest.fixture(scope="module", params=["empty", "full"])
def board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """A board and its administrator, without work or with much of it."""
    from pegboard.builtin.accounts.service import LONGEST_NAME, create_user

    app = create_app(BoardSettings(env="test", instance_path=tmp_path_factory.mktemp("console")))
    upgrade(app, board_of(app).plan, board_of(app).plan.database_url)
    with app.app_context():
        admin = create_user(f"{request.param}@example.com", LONG[:LONGEST_NAME], PASSWORD, roles=["admin"])
        if request.param == "full":
            _fill(str(admin.id))
    return app


def _fill(subject: str) -> None:
    """First an item with all that an item can have, as long as it may be; one of each status; a webhook; many that are dead."""
    row = {"kind": "job", "queue": "jobs", "handler": "shop.send", "run_at": 0, "created_at": 0, "tries": 12,
           "error": "OSError: it is closed\n    at /srv/board/shop.py:41"}  # fmt: skip
    long = {**row, "status": "dead", "handler": (LONG * 2)[:255], "lane": (LONG * 3)[:512], "error": LONG * 20,
            "event_type": LONG[:128], "event_id": LONG[:36], "request_id": LONG[:64], "worker": LONG, "source": LONG[:64],
            "data": json.dumps({LONG: [LONG, {LONG: LONG}]}), "finished_at": 1,
            "progress": json.dumps({"done": 10**15, "total": 10**16, "note": LONG})}  # fmt: skip
    webhook = {
        **row,
        "kind": "webhook",
        "source": "acme",
        "event_type": LONG[:128],
        "status": "done",
        "payload": b'{"a": 1}',
    }
    with db.engine.begin() as connection:
        connection.execute(insert(Work), [long])
        connection.execute(insert(Work), [{**row, "status": status} for status in STATUSES])
        connection.execute(insert(Work), [webhook] * 2)
        connection.execute(insert(Work), [{**row, "status": "dead", "finished_at": 2}] * 60)
        connection.execute(insert(Work), [{**long, "handler": f"{number}{LONG}"} for number in range(10)])
        told = {"work_id": 1, "replayed_at": 1, "status": "dead", "tries": 12, "error": LONG * 20}
        connection.execute(insert(WorkReplay), [{**told, "replayed_by": by} for by in (subject, LONG, "root@machine")])


def test_its_pages_fit_and_are_accessible(
    window: Page, url: str, board: Flask, sign_in: Callable[[str], None], axe_violations: Axe
) -> None:
    full = _is_full(board)
    sign_in("full" if full else "empty")
    for path in (*PAGES, *(FULL if full else ())):
        answer = window.goto(f"{url}{path}")
        assert answer
        assert answer.status == 200, path
        assert problems(window, axe_violations) == [], path


def test_the_question_before_a_replay_and_what_is_said_after_it(
    window: Page, url: str, board: Flask, sign_in: Callable[[str], None], axe_violations: Axe
) -> None:
    if not _is_full(board):
        pytest.skip("there is nothing to replay")
    sign_in("full")
    said: list[str] = []
    window.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    window.goto(f"{url}/console/?handler=shop.send")
    window.locator(".console-row summary").first.click()
    assert window.get_by_text("It begins with its first try.").first.is_visible()
    assert problems(window, axe_violations) == []
    window.get_by_role("button", name="Set to work again").first.click()
    window.get_by_role("status").get_by_text("is set to work again.").wait_for()
    assert window.url == f"{url}/console/?handler=shop.send"
    assert problems(window, axe_violations) == []
    assert said == [], "a violation of the content security policy is an error too"


def _is_full(board: Flask) -> bool:
    with board.app_context():
        return db.session.get(Work, 1) is not None
