"""`POST /webhooks/<source>` stores what is signed, once, before it answers; whatever else is posted leaves no trace but a count."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from pegboard.db import db
from pegboard.live import board_of
from pegboard.testing.boards import MakeBoard
from pegboard.testing.webhooks import timestamped
from pegboard.webhooks.counting import tally_of
from pegboard.work.extension import EXTENSION
from pegboard.work.nudging import Hint

from .acme import HEADER, OLDER, SECRET, Acme, order, post, rows

LIMIT = 256 * 1024


@pytest.fixture
def app(url: str, make_board: MakeBoard) -> Flask:
    return make_board(Acme, database_url=url)


def reasons(app: Flask) -> dict[str, int]:
    return {outcome: count for (source, outcome), count in tally_of(app).counts().items() if source == "acme"}


def test_a_signed_webhook_is_stored_as_it_came_and_then_acknowledged(app: Flask) -> None:
    body = order("evt_1", note="ünïcode \U0001f4e6")
    answer = post(app, body)
    assert (answer.status_code, answer.json) == (200, {"received": True})
    (row,) = rows(app)
    assert (row.kind, row.queue, row.handler, row.source) == ("webhook", "webhooks", "acme.webhooks.acme", "acme")
    assert (row.payload, row.event_type, row.lane, row.status) == (body, "order.paid", "acme:o1", "pending")
    assert json.loads(row.data or "") == {"id": "evt_1", "subject": "o1", "secret": 0}
    assert row.request_id == answer.headers["X-Request-ID"]


def test_headers_are_kept_only_where_they_are_asked_for(app: Flask) -> None:
    body = order("evt_1")
    headers = {
        HEADER: timestamped(body, SECRET),
        "Acme-Version": "7",
        "Authorization": "Bearer x",
        "Cookie": "a=b",
        "User-Agent": "Acme/1",
    }
    app.test_client().post("/webhooks/acme", data=body, headers=headers)
    assert json.loads(rows(app)[0].headers or "") == {"User-Agent": "Acme/1", "Acme-Version": "7"}


def test_which_secret_it_was_is_kept(app: Flask) -> None:
    post(app, order("evt_1"), OLDER)
    assert json.loads(rows(app)[0].data or "")["secret"] == 1


def test_the_second_of_the_same_id_is_acknowledged_and_not_stored(app: Flask) -> None:
    assert [post(app, order("evt_1")).status_code for _ in range(3)] == [200, 200, 200]
    assert len(rows(app)) == 1
    assert reasons(app) == {"stored": 1, "duplicate": 2}


def test_the_same_id_of_another_source_is_another(url: str, make_board: MakeBoard) -> None:
    class Other(Acme):
        name = source = "other"

    app = make_board(Acme, Other, database_url=url)
    assert post(app, order("evt_1")).status_code == post(app, order("evt_1"), source="other").status_code == 200
    assert [row.source for row in rows(app)] == ["acme", "other"]


def test_what_of_one_object_comes_later_waits(app: Flask) -> None:
    post(app, order("evt_1")), post(app, order("evt_2")), post(app, order("evt_3", of="o2"))
    assert [row.status for row in rows(app)] == ["pending", "waiting", "pending"]


def test_a_type_that_nobody_handles_is_stored_and_ignored(app: Flask) -> None:
    assert post(app, order("evt_1", "order.dreamt")).json == {"received": True}
    (row,) = rows(app)
    assert (row.status, row.event_type, row.finished_at is not None) == ("ignored", "order.dreamt", True)
    assert post(app, order("evt_2")).status_code == 200
    assert rows(app)[1].status == "pending", "what is ignored holds up nobody"
    assert reasons(app) == {"ignored": 1, "stored": 1}


def test_24_that_post_the_same_at_once_make_one_row_and_are_all_acknowledged(app: Flask) -> None:
    body, answers, line = order("evt_1"), list[int](), threading.Barrier(24)

    def send() -> None:
        line.wait(30)
        answers.append(post(app, body).status_code)

    threads = [threading.Thread(target=send) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [200] * 24
    assert len(rows(app)) == 1
    assert reasons(app) == {"stored": 1, "duplicate": 23}


def test_a_worker_is_woken_after_the_commit(app: Flask) -> None:
    seen: list[tuple[set[Hint], int]] = []

    class Driver:
        def nudge(self, hints: set[Hint]) -> None:
            with app.app_context(), db.engine.connect() as other:
                seen.append((hints, other.execute(text("SELECT count(*) FROM work")).scalar_one()))

    app.extensions[EXTENSION] = Driver()
    post(app, order("evt_1")), post(app, order("evt_1")), post(app, order("evt_2", "order.dreamt"))
    assert seen == [({("webhooks", "acme:o1")}, 1)]


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        (None, "missing"), ("", "missing"), ("nonsense", "malformed"), ("t=1,v1=00", "too_old"), ("t=99999999999,v1=00", "too_new"),
        ("\xff\xfe", "malformed"),
    ],
)  # fmt: skip
def test_a_bad_signature_is_refused_counted_and_not_stored(
    app: Flask, signature: str | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {} if signature is None else {HEADER: signature}
    with caplog.at_level(logging.WARNING, "pegboard.webhooks"):
        answer = app.test_client().post("/webhooks/acme", data=order("evt_1"), headers=headers)
    assert (answer.status_code, answer.json["error"]["message"]) == (400, f"its signature is refused: {reason}")  # type: ignore[index]
    assert reasons(app) == {reason: 1}
    assert "webhook acme refused with 400: signature refused" in caplog.text
    assert rows(app) == []


def test_a_signature_of_bytes_that_are_no_text_is_wrong(app: Flask) -> None:
    import time

    bad = f"t={int(time.time())},v1=".encode() + b"\xff\xfe\xc3"
    answer = app.test_client().post(
        "/webhooks/acme", data=order("evt_1"), environ_overrides={"HTTP_ACME_SIGNATURE": bad.decode("latin-1")}
    )
    assert answer.status_code == 400
    assert reasons(app) == {"wrong": 1}


def test_a_wrong_secret_is_refused_without_saying_more(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = post(app, order("evt_1", note="Ada's address"), "not the secret")
    assert answer.status_code == 400
    for hidden in (SECRET, OLDER, "Ada's address"):
        assert hidden not in answer.text + caplog.text
    assert rows(app) == []


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"null", b"\xff\xfe", b'{"id": "evt_1"}', b'{"id": null, "type": "order.paid", "order": "o1"}',
        b'{"id": "", "type": "order.paid", "order": "o1"}', b'{"id": "a\\u0000b", "type": "order.paid", "order": "o1"}',
        b'{"id": "a", "type": "\\ud800", "order": "o1"}', b'{"id": "a", "type": "order.paid", "order": ["o1"]}',
        order("x" * 501), order("evt_1", "t" * 129), order("evt_1", of="o" * 501), b"[" * 100_000,
    ],
    ids=range(14),
)  # fmt: skip
def test_what_is_signed_and_cannot_be_read_is_refused(app: Flask, body: bytes) -> None:
    answer = post(app, body)
    assert (answer.status_code, reasons(app)) == (400, {"unreadable": 1})
    assert rows(app) == []


def test_the_longest_ids_are_told_apart(app: Flask) -> None:
    for last in ("a", "b", "b"):
        assert post(app, order("x" * 499 + last)).status_code == 200
    assert [json.loads(row.data or "")["id"][-1] for row in rows(app)] == ["a", "b"]


def test_a_body_of_the_limit_passes_and_one_byte_more_does_not(app: Flask) -> None:
    bare = len(order("evt_1", pad=""))
    assert post(app, order("evt_1", pad="x" * (LIMIT - bare))).status_code == 200
    assert post(app, order("evt_2", pad="x" * (LIMIT - bare + 1))).status_code == 413
    assert reasons(app) == {"stored": 1, "too_large": 1}


def test_ten_mebibytes_are_refused_before_any_of_it_is_read(app: Flask) -> None:
    class Unread:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

        readline = readlines = __iter__ = read

    sent = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(10 * 1024 * 1024)}
    answer = app.test_client().post("/webhooks/acme", headers={HEADER: "t=1,v1=00"}, environ_overrides=sent)
    assert answer.status_code == 413
    assert reasons(app) == {"too_large": 1}


def test_a_source_may_have_a_limit_of_its_own(url: str, make_board: MakeBoard) -> None:
    from collections.abc import Iterable
    from dataclasses import replace

    from pegboard import hookimpl
    from pegboard.contributions import WebhookSource

    class Large(Acme):
        @hookimpl
        def webhook_sources(self) -> Iterable[WebhookSource]:
            yield from (replace(one, limit=2_000_000) for one in super().webhook_sources())

    app = make_board(Large, database_url=url)
    assert post(app, order("evt_1", pad="x" * 1_500_000)).status_code == 200, "more than a form may have"


def test_a_body_without_a_length_is_refused(app: Flask) -> None:
    client = app.test_client()
    assert client.post("/webhooks/acme").status_code == 411
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    body = order("evt_1")
    answer = client.post(
        "/webhooks/acme", data=body, headers={HEADER: timestamped(body, SECRET)}, environ_overrides=chunked
    )
    assert answer.status_code == 411
    assert reasons(app) == {"no_length": 2}


def test_a_body_that_is_cut_off_is_refused(app: Flask) -> None:
    import io

    body = order("evt_1")
    sent = {"wsgi.input": io.BytesIO(body[:-5]), "CONTENT_LENGTH": str(len(body))}
    signed = {HEADER: timestamped(body, SECRET)}
    answer = app.test_client().post("/webhooks/acme", headers=signed, environ_overrides=sent)
    assert (answer.status_code, reasons(app)) == (400, {"cut_off": 1})


def test_an_unknown_source_is_404_and_counted_without_its_name(app: Flask) -> None:
    assert [post(app, order("evt_1"), source=name).status_code for name in ("nobody", "nobody2")] == [404, 404]
    assert tally_of(app).counts() == {("", "unknown_source"): 2}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_told_which_one_is_allowed(app: Flask, method: str) -> None:
    answer = app.test_client().open("/webhooks/acme", method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_a_database_that_is_away_is_503_and_nothing_is_acknowledged(app: Flask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE work RENAME TO work_away"))
    answer = post(app, order("evt_1"))
    assert (answer.status_code, answer.headers["Retry-After"], reasons(app)) == (503, "10", {"not_stored": 1})
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE work_away RENAME TO work"))
    assert post(app, order("evt_1")).status_code == 200
    assert len(rows(app)) == 1


def test_no_cookie_no_form_token_and_no_login_are_needed_and_no_cookie_is_set(make_board: MakeBoard) -> None:
    app = make_board(Acme, "accounts")
    answer = post(app, order("evt_1"))
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_listener_hears_of_each(app: Flask) -> None:
    heard: list[tuple[str, str]] = []
    tally_of(app).subscribe(lambda source, outcome: heard.append((source, outcome)))
    post(app, order("evt_1")), post(app, order("evt_1")), post(app, order("evt_2"), "wrong"), post(app, b"", source="x")
    assert heard == [("acme", "stored"), ("acme", "duplicate"), ("acme", "wrong"), ("", "unknown_source")]


def test_a_plugin_that_failed_when_the_board_was_ready_takes_nothing(make_board: MakeBoard) -> None:
    from pegboard import hookimpl

    class Broken(Acme):
        @hookimpl
        def app_ready(self, app: Flask) -> None:
            raise RuntimeError("not today")

    app = make_board(Broken, config={"acme": {"on_failure": "skip"}})
    assert "acme" in board_of(app).off
    assert post(app, order("evt_1")).status_code == 503
    assert reasons(app) == {"plugin_off": 1}


def test_a_verifier_that_breaks_lets_nothing_in(url: str, make_board: MakeBoard) -> None:
    class Breaks:
        def problems(self) -> tuple[()]:
            return ()

        def verify(self, posted: object) -> int:
            raise ZeroDivisionError

    class Broken(Acme):
        def verifier(self) -> Breaks:
            return Breaks()

    app = make_board(Broken, database_url=url)
    assert (post(app, order("evt_1")).status_code, reasons(app), rows(app)) == (503, {"verifier_failed": 1}, [])


def test_a_board_without_sources_has_no_such_address(make_board: MakeBoard, tmp_path: Path) -> None:
    app = make_board()
    assert not [rule for rule in app.url_map.iter_rules() if "webhooks" in rule.rule]
    assert app.test_client().post("/webhooks/acme", content_length=0).status_code == 404
