"""What is tried again, what is not, and how long is waited between."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pegboard.deadline import answer_within
from pegboard.errors import ProviderError, RateLimited, Unreachable
from pegboard.http import Limits
from pegboard.testing.faults import FaultProxy
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Vendor


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody sleeps; what would have been slept is here, in seconds."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_is_idempotent_is_tried_again(
    vendor: Vendor, connect: Connect, slept: list[float], method: str, status: int
) -> None:
    vendor.replies(Reply(status), Reply(status), Reply(json={}))
    assert connect().request(method, "/").status == 200
    assert len(vendor.asked) == 3


@pytest.mark.parametrize("status", [500, 503, 504])
def test_what_may_have_been_done_is_not_done_twice(
    vendor: Vendor, connect: Connect, slept: list[float], status: int
) -> None:
    vendor.replies(Reply(status))
    with pytest.raises(ProviderError) as caught:
        connect().post("/charges", json={})
    assert (len(vendor.asked), caught.value.permanent) == (1, False)


def test_with_an_idempotency_key_it_is_tried_again_with_the_same_key(
    vendor: Vendor, connect: Connect, slept: list[float]
) -> None:
    vendor.replies(Reply(503), Reply(503), Reply(json={}))
    client = connect(idempotency_header="Idempotency-Key")
    client.post("/charges", json={"total": 5})
    client.post("/charges", json={"total": 5})
    keys = [one.headers["Idempotency-Key"] for one in vendor.asked]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


def test_a_key_of_the_callers_own_is_kept(vendor: Vendor, connect: Connect) -> None:
    connect(idempotency_header="Idempotency-Key").patch("/", json={}, idempotency_key="intent:7")
    assert vendor.asked[0].headers["Idempotency-Key"] == "intent:7"


def test_a_key_without_a_header_for_it_is_a_mistake(connect: Connect) -> None:
    with pytest.raises(TypeError, match="idempotency_header"):
        connect().post("/", idempotency_key="intent:7")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
def test_what_cannot_help_is_not_tried_again(vendor: Vendor, connect: Connect, slept: list[float], status: int) -> None:
    vendor.replies(Reply(status))
    with pytest.raises(ProviderError):
        connect().get("/")
    assert len(vendor.asked) == 1


def test_it_gives_up_after_so_many_tries(vendor: Vendor, connect: Connect, slept: list[float]) -> None:
    vendor.replies(Reply(502))
    with pytest.raises(ProviderError, match="answered 502"):
        connect(limits=Limits(tries=4)).get("/")
    assert len(vendor.asked) == 4


def test_pauses_are_random_parts_of_a_doubling_time(vendor: Vendor, connect: Connect, slept: list[float]) -> None:
    vendor.replies(Reply(502))
    client = connect(limits=Limits(tries=4, total=1000, failures=10_000))
    for _ in range(30):
        with pytest.raises(ProviderError):
            client.get("/")
    for position, longest in enumerate((0.25, 0.5, 1.0)):
        pauses = slept[position::3]
        assert all(0 <= pause <= longest for pause in pauses)
        assert min(pauses) < longest / 2 < max(pauses)


def test_a_connection_that_never_was_is_tried_again_whatever_the_method(
    vendor: Vendor, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.refuse()
        monkeypatch.setattr(time, "sleep", lambda seconds: proxy.heal())
        assert connect(f"http://127.0.0.1:{proxy.port}").post("/", json={}).status == 200


def test_a_connection_that_broke_after_sending_is_tried_again_only_where_that_is_safe(
    vendor: Vendor, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.cut_after(0)
        url = f"http://127.0.0.1:{proxy.port}"
        with pytest.raises(Unreachable):
            connect(url).post("/", json={})
        assert len(vendor.asked) == 1
        proxy.cut_after(0)
        monkeypatch.setattr(time, "sleep", lambda seconds: proxy.heal())
        assert connect(url).get("/").status == 200
    assert len(vendor.asked) == 3


def test_retry_after_in_seconds_is_waited(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(503, headers={"Retry-After": "1"}), Reply(json={}))
    began = time.monotonic()
    assert connect().get("/").status == 200
    assert time.monotonic() - began >= 1


def test_retry_after_as_a_date_is_waited(vendor: Vendor, connect: Connect) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    vendor.replies(Reply(429, headers={"Retry-After": soon}))
    with pytest.raises(RateLimited) as caught:
        connect().get("/")
    assert caught.value.retry_after is not None
    assert 100 < caught.value.retry_after <= 121
    assert len(vendor.asked) == 1


def test_it_never_sleeps_past_the_time_of_the_page(vendor: Vendor, connect: Connect, slept: list[float]) -> None:
    vendor.replies(Reply(429, headers={"Retry-After": "5"}))
    with answer_within(4), pytest.raises(RateLimited) as caught:
        connect(limits=Limits(total=60)).get("/")
    assert (slept, caught.value.retry_after, len(vendor.asked)) == ([], 5.0, 1)
