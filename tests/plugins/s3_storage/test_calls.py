"""Each call of the SDK is told once, to the log and to the board whose code asked, and without anything that opens."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from flask import Flask

from pegboard import BoardSettings, create_app
from pegboard.errors import NotFound, ProviderError
from pegboard.observability.calls import Call, calls_of
from pegboard.testing.faults import FaultProxy
from pegboard_s3_storage.peer import Seaweed
from pegboard_s3_storage.provider import S3FileStorage
from pegboard_s3_storage.settings import S3Settings


@pytest.fixture
def app() -> Flask:
    return create_app(BoardSettings(env="test"), plugins=[])


@pytest.fixture
def heard(app: Flask) -> Iterator[list[Call]]:
    calls: list[Call] = []
    calls_of(app).subscribe(calls.append)
    with app.app_context():
        yield calls


def test_a_call_says_what_was_done_and_the_stores_name_for_it(s3: S3FileStorage, heard: list[Call]) -> None:
    s3.put("told", io.BytesIO(b"123"), size=3)
    s3.stat("told")
    assert [(one.provider, one.operation, one.outcome, one.status, one.tries) for one in heard] == [
        ("s3", "PutObject", "ok", 200, 1),
        ("s3", "HeadObject", "ok", 200, 1),
    ]
    assert all(one.request_id and one.milliseconds > 0 for one in heard)


def test_what_is_not_there_has_its_word(s3: S3FileStorage, heard: list[Call]) -> None:
    with pytest.raises(NotFound):
        s3.stat("nowhere")
    assert [(one.operation, one.outcome) for one in heard] == [("HeadObject", "not_found"), ("HeadBucket", "ok")]


def test_a_refusal_has_its_word_and_no_key_is_told(
    server: Seaweed, heard: list[Call], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pegboard")
    wrong = S3Settings.model_validate({**server.settings, "secret_access_key": "hush-hush-hush"})
    with pytest.raises(ProviderError):
        S3FileStorage(wrong).put("hush-name", io.BytesIO(b""), size=0)
    assert [(one.operation, one.outcome, one.status) for one in heard] == [("PutObject", "refused", 403)]
    assert "hush" not in f"{heard} {caplog.text}"


def test_a_store_that_gives_no_answer_has_its_word(server: Seaweed, heard: list[Call]) -> None:
    port = urlsplit(server.endpoint_url).port
    assert port is not None
    with FaultProxy(port) as proxy:
        endpoint = f"http://127.0.0.1:{proxy.port}"
        storage = S3FileStorage(S3Settings.model_validate({**server.settings, "endpoint_url": endpoint}))
        proxy.refuse()
        with pytest.raises(ProviderError):
            storage.stat("told")
    assert [(one.operation, one.outcome) for one in heard] == [("HeadObject", "unreachable")]


def test_it_is_logged_without_a_board_too(s3: S3FileStorage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pegboard.calls")
    with pytest.raises(NotFound):
        s3.stat("nowhere")
    assert caplog.records[0].getMessage().startswith("s3 HeadObject: not_found in ")
