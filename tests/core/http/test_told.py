"""What is told of the client's calls: one record each, whatever it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from flask import Flask
from pydantic import SecretStr

from pegboard import BoardSettings, create_app
from pegboard.deadline import answer_within
from pegboard.errors import ProviderError
from pegboard.http import HeaderAuth, Limits
from pegboard.observability.calls import Call, calls_of
from pegboard.testing.faults import FaultProxy
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Vendor


@pytest.fixture
def app() -> Flask:
    return create_app(BoardSettings(env="test"), plugins=[])


@pytest.fixture
def heard(app: Flask) -> Iterator[list[Call]]:
    calls: list[Call] = []
    calls_of(app).subscribe(calls.append)
    with app.app_context():
        yield calls


def test_all_tries_are_one_call(vendor: Vendor, connect: Connect, heard: list[Call]) -> None:
    vendor.replies(Reply(503), Reply(json={}, headers={"X-Request-ID": "req_2"}))
    connect().get("/", operation="list orders")
    [call] = heard
    assert (call.provider, call.operation, call.outcome) == ("shop", "list orders", "ok")
    assert (call.status, call.request_id, call.tries) == (200, "req_2", 2)
    assert call.milliseconds > 0


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [(Reply(404), "not_found"), (Reply(403), "refused"), (Reply(429), "rate_limited"), (Reply(500), "failed"),
     (Reply(302), "refused")],
)  # fmt: skip
def test_a_refusal_has_its_word(
    vendor: Vendor, connect: Connect, heard: list[Call], reply: Reply, outcome: str
) -> None:
    vendor.replies(reply)
    with pytest.raises(ProviderError):
        connect(limits=Limits(tries=1)).get("/")
    assert [(one.outcome, one.status) for one in heard] == [(outcome, reply.status)]


def test_no_answer_and_a_late_one_are_two_words(vendor: Vendor, connect: Connect, heard: list[Call]) -> None:
    with FaultProxy(vendor.port) as proxy:
        client = connect(f"http://127.0.0.1:{proxy.port}", limits=Limits(read=0.1, tries=1))
        proxy.refuse()
        with suppress(ProviderError):
            client.get("/")
        proxy.blackhole()
        with suppress(ProviderError):
            client.get("/")
        with answer_within(0), suppress(ProviderError):
            client.get("/")
    assert [one.outcome for one in heard] == ["unreachable", "timeout", "unreachable"]


def test_nothing_that_is_told_opens_anything(
    vendor: Vendor, connect: Connect, heard: list[Call], caplog: pytest.LogCaptureFixture
) -> None:
    vendor.replies(Reply(403, json={"error": {"message": "hush"}}, headers={"X-Request-ID": "hush hush"}))
    with pytest.raises(ProviderError) as caught:
        connect(auth=HeaderAuth(SecretStr("hush-key"))).get("/hush", params={"token": "hush"})
    assert len(heard) == 1
    assert "hush" not in f"{heard} {caplog.text} {caught.value!r}"
