"""A vendor's limits are kept before it has to refuse."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pegboard.deadline import answer_within
from pegboard.errors import RateLimited
from pegboard.http import Limits, allowance
from pegboard.http.allowance import Allowance
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Vendor


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, as its only item."""
    now = [1000.0]
    monkeypatch.setattr(allowance, "monotonic", lambda: now[0])
    return now


def left(remaining: int, seconds: int) -> dict[str, str]:
    return {"ratelimit-remaining": str(remaining), "ratelimit-reset": str(seconds)}


def test_when_nothing_is_left_the_vendor_is_not_asked(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={}, headers=left(0, 60)))
    client = connect()
    client.get("/")
    with pytest.raises(RateLimited, match=r"^shop GET: not asked: it takes no more requests for now$") as caught:
        client.get("/")
    assert caught.value.retry_after is not None
    assert 50 < caught.value.retry_after <= 60
    assert len(vendor.asked) == 1


def test_a_short_wait_is_waited(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={}, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}), Reply(json={}))
    client = connect()
    began = time.monotonic()
    client.get("/")
    client.get("/")
    assert time.monotonic() - began >= 1
    assert len(vendor.asked) == 2


def test_it_is_not_waited_where_the_page_waits_for_less(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={}, headers=left(0, 2)))
    client = connect(limits=Limits(total=60))
    client.get("/")
    with answer_within(1), pytest.raises(RateLimited):
        client.get("/")


def test_threads_share_what_is_left(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={}, headers=left(5, 60)))
    client = connect()
    client.get("/")

    def call(_: int) -> bool:
        try:
            return client.get("/").status == 200
        except RateLimited:
            return False

    with ThreadPoolExecutor(20) as threads:
        served = sum(threads.map(call, range(20)))
    assert served == 5
    assert len(vendor.asked) == 6


def test_a_refusal_holds_back_everybody(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(429, headers={"Retry-After": "60"}), Reply(json={}))
    client = connect()
    for _ in range(3):
        with pytest.raises(RateLimited):
            client.get("/")
    assert len(vendor.asked) == 1


def test_somebody_else_has_an_allowance_of_their_own(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={}, headers=left(0, 60)))
    client = connect()
    client.get("/")
    assert client.with_auth(None).get("/").status == 200


def test_when_the_window_is_over_it_goes_on(clock: list[float]) -> None:
    one = Allowance()
    one.heard(200, left(0, 30))
    assert one.take() == 30
    clock[0] += 30
    assert one.take() == 0


def test_an_answer_that_was_overtaken_does_not_raise_the_count(clock: list[float]) -> None:
    one = Allowance()
    one.heard(200, left(2, 30))
    assert one.take() == 0
    assert one.take() == 0
    one.heard(200, left(3, 30))
    assert one.take() == 30


def test_a_new_window_counts_anew(clock: list[float]) -> None:
    one = Allowance()
    one.heard(200, left(0, 1))
    clock[0] += 5
    one.heard(200, left(10, 60))
    assert one.take() == 0
