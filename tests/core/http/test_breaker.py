"""A host that fails again and again is left alone, each host by itself, and one call finds out that it is back."""

from __future__ import annotations

import pytest

from pegboard.deadline import answer_within
from pegboard.errors import NotFound, ProviderError, Unreachable
from pegboard.http import Limits, breaker, network
from pegboard.http.breaker import Breaker
from pegboard.testing.faults import FaultProxy
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Vendor
from tests.core.http.vendor import vendor as another_vendor

ONCE = Limits(tries=1, failures=3, rest=60)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The breaker's time in seconds, as its only item."""
    now = [1000.0]
    monkeypatch.setattr(breaker, "monotonic", lambda: now[0])
    return now


def test_after_so_many_failures_in_a_row_it_is_not_asked(vendor: Vendor, connect: Connect, clock: list[float]) -> None:
    vendor.replies(Reply(500))
    client = connect(limits=ONCE)
    for _ in range(3):
        with pytest.raises(ProviderError, match="answered 500"):
            client.get("/")
    clock[0] += 20
    with pytest.raises(Unreachable, match="not asked: it has failed many times in a row") as caught:
        client.get("/")
    assert (len(vendor.asked), caught.value.retry_after, caught.value.permanent) == (3, 40.0, False)


def test_a_vendor_that_gives_no_answer_counts_as_well(vendor: Vendor, connect: Connect) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.refuse()
        client = connect(f"http://127.0.0.1:{proxy.port}", limits=ONCE)
        for _ in range(3):
            with pytest.raises(Unreachable, match="no connection"):
                client.get("/")
        proxy.heal()
        with pytest.raises(Unreachable, match="not asked"):
            client.get("/")


@pytest.mark.parametrize("between", [Reply(200, json={}), Reply(404), Reply(429)])
def test_an_answer_between_shows_that_it_is_there(vendor: Vendor, connect: Connect, between: Reply) -> None:
    vendor.replies(Reply(500), Reply(500), between, Reply(500), Reply(500), Reply(json="there"))
    client = connect(limits=ONCE)
    for _ in range(5):
        try:
            client.get("/")
        except ProviderError as error:
            assert "not asked" not in str(error)  # noqa: PT017
    assert client.get("/").json() == "there"


def test_after_its_rest_one_call_tries_and_opens_it_to_all(
    vendor: Vendor, connect: Connect, clock: list[float]
) -> None:
    vendor.replies(Reply(500), Reply(500), Reply(500), Reply(json={}))
    client = connect(limits=ONCE)
    for _ in range(3):
        with pytest.raises(ProviderError):
            client.get("/")
    clock[0] += 61
    assert client.get("/").status == 200
    assert client.get("/").status == 200


def test_where_that_call_fails_it_rests_again(clock: list[float]) -> None:
    one = Breaker(failures=1, rest=30)
    assert one.admit() == 0
    one.failed()
    clock[0] += 31
    assert one.admit() == 0
    assert one.admit() == 30, "two would try at once"
    one.failed()
    assert one.admit() == 30


def test_a_try_that_says_nothing_lets_another_try(clock: list[float]) -> None:
    one = Breaker(failures=1, rest=30)
    one.failed()
    clock[0] += 31
    assert one.admit() == 0
    one.abandoned()
    assert one.admit() == 0


def test_whoever_waited_too_short_says_nothing_about_the_vendor(vendor: Vendor, connect: Connect) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.blackhole()
        client = connect(f"http://127.0.0.1:{proxy.port}", limits=ONCE)
        for _ in range(4):
            with answer_within(0.05), pytest.raises(Unreachable, match="in the time there was"):
                client.get("/")
        proxy.heal()
        assert client.get("/").status == 200


def test_each_host_has_its_own(vendor: Vendor, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "is_public", lambda address: True)
    with another_vendor() as broken:
        broken.replies(Reply(500))
        vendor.answer = lambda request: (
            Reply(302, headers={"Location": broken.url}) if request.path == "/file" else Reply(json="there")
        )
        client = connect(limits=Limits(tries=1, failures=2, redirects=1))
        for expected in ("answered 500", "answered 500", "not asked"):
            with pytest.raises(ProviderError, match=expected):
                client.get("/file")
        assert client.get("/").json() == "there"


def test_what_is_not_there_is_no_failure_of_the_host(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(404))
    client = connect(limits=ONCE)
    for _ in range(5):
        with pytest.raises(NotFound):
            client.get("/")
