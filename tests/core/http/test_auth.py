"""On whose behalf a request comes, and what happens when the vendor no longer takes the token."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from pegboard.deadline import answer_within
from pegboard.errors import ProviderError, SignInAgain, Unreachable
from pegboard.http import HeaderAuth, HttpClient, RenewedAuth
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Request, Vendor


class Store:
    """Tokens in memory. `renew` says what a refresh brings, or raises."""

    def __init__(self, token: str | None, renew: Callable[[], str]) -> None:
        self.token, self.renew = token, renew
        self.refreshes = self.dropped = 0

    def access(self) -> str | None:
        return self.token

    def refresh(self) -> None:
        self.refreshes += 1
        self.token = self.renew()

    def drop(self) -> None:
        self.dropped += 1
        self.token = None


def takes(*tokens: str) -> Callable[[Request], Reply]:
    """A vendor that knows these tokens."""
    known = {f"Bearer {token}" for token in tokens}
    return lambda request: Reply(json={}) if request.headers.get("Authorization") in known else Reply(401)


def refused() -> str:
    raise ProviderError("answered 400 (invalid_grant)", provider="shop", operation="refresh", permanent=True)


def not_understood() -> str:
    answer: dict[str, str] = {}
    return answer["access_token"]


def test_a_key_is_a_bearer_token_or_in_a_header_of_its_own(vendor: Vendor, connect: Connect) -> None:
    connect(auth=HeaderAuth(SecretStr("key"))).get("/")
    connect(auth=HeaderAuth(SecretStr("key"), header="X-Api-Key", scheme="")).get("/")
    assert vendor.asked[0].headers["Authorization"] == "Bearer key"
    assert vendor.asked[1].headers["X-Api-Key"] == "key"


def test_a_key_that_is_refused_is_said_once(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(401))
    with pytest.raises(ProviderError, match="it does not accept the credentials: correct them") as caught:
        connect(auth=HeaderAuth(SecretStr("hush"))).get("/")
    assert (len(vendor.asked), caught.value.status, caught.value.permanent) == (1, 401, True)
    assert "hush" not in str(caught.value)


def test_a_refused_token_is_renewed_and_the_call_made_again(vendor: Vendor, connect: Connect) -> None:
    vendor.answer = takes("new")
    store = Store("old", lambda: "new")
    assert connect(auth=RenewedAuth(store)).post("/", json={"total": 5}).status == 200
    assert [one.json for one in vendor.asked] == [{"total": 5}] * 2
    assert store.refreshes == 1


def test_twenty_refused_at_once_renew_it_once(vendor: Vendor, connect: Connect) -> None:
    everyone = threading.Barrier(20)

    def answer(request: Request) -> Reply:
        if request.headers["Authorization"] == "Bearer new":
            return Reply(json={})
        everyone.wait(timeout=30)
        return Reply(401)

    vendor.answer = answer
    store = Store("old", lambda: "new")
    client = connect(auth=RenewedAuth(store))
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: client.get("/").status, range(20)))
    assert answers == [200] * 20
    assert store.refreshes == 1
    assert len(vendor.asked) == 40


def test_twenty_learn_of_one_refresh_that_failed(vendor: Vendor, connect: Connect) -> None:
    everyone = threading.Barrier(20)

    def answer(request: Request) -> Reply:
        everyone.wait(timeout=30)
        return Reply(401)

    vendor.answer = answer
    store = Store("old", refused)
    client = connect(auth=RenewedAuth(store))

    def call(_: int) -> type[Exception] | None:
        try:
            client.get("/")
        except ProviderError as error:
            return type(error)
        return None

    with ThreadPoolExecutor(20) as threads:
        assert list(threads.map(call, range(20))) == [SignInAgain] * 20
    assert (store.refreshes, store.dropped) == (1, 1)


def test_a_second_refusal_after_it_is_raised(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(401))
    store = Store("old", lambda: "new")
    with pytest.raises(ProviderError, match="answered 401") as caught:
        connect(auth=RenewedAuth(store)).get("/")
    assert (store.refreshes, len(vendor.asked), caught.value.permanent) == (1, 2, True)


@pytest.mark.parametrize("failure", [refused, not_understood], ids=["refused", "not understood"])
def test_a_refresh_that_fails_drops_the_tokens(vendor: Vendor, connect: Connect, failure: Callable[[], str]) -> None:
    vendor.replies(Reply(401))
    store = Store("old", failure)
    client = connect(auth=RenewedAuth(store))
    with pytest.raises(SignInAgain, match=r"^shop list: the token could not be renewed .*: sign in again$"):
        client.get("/", operation="list")
    with pytest.raises(SignInAgain, match="nobody is signed in there, or the tokens were dropped"):
        client.get("/")
    assert (store.refreshes, store.dropped, len(vendor.asked)) == (1, 1, 1)


def test_a_refresh_that_does_not_reach_the_vendor_keeps_them(vendor: Vendor, connect: Connect) -> None:
    def away() -> str:
        raise Unreachable("no connection", provider="shop", operation="refresh")

    vendor.replies(Reply(401))
    store = Store("old", away)
    with pytest.raises(Unreachable, match=r"^shop refresh: no connection$"):
        connect(auth=RenewedAuth(store)).post("/")
    assert (store.token, store.dropped) == ("old", 0)


def test_a_token_that_another_process_renewed_is_not_dropped(vendor: Vendor, connect: Connect) -> None:
    vendor.answer = takes("theirs")
    store = Store("old", refused)

    def too_late() -> str:
        store.token = "theirs"
        return refused()

    store.renew = too_late
    assert connect(auth=RenewedAuth(store)).get("/").status == 200
    assert store.dropped == 0


def test_a_refusal_that_comes_after_the_refresh_uses_what_it_brought(vendor: Vendor) -> None:
    store = Store("new", lambda: "newer")
    assert RenewedAuth(store).renew("old")
    assert store.refreshes == 0


def test_whoever_waits_for_a_refresh_waits_no_longer_than_the_page() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go_on.wait(30)
        return "new"

    auth = RenewedAuth(Store("old", slow))
    leader = threading.Thread(target=auth.renew, args=("old",))
    leader.start()
    begun.wait(30)
    with answer_within(0.05), pytest.raises(Unreachable, match="the token was not renewed in time"):
        auth.renew("old")
    go_on.set()
    leader.join()
    assert auth.renew("old")


def test_the_same_client_serves_somebody_else(vendor: Vendor, connect: Connect) -> None:
    client: HttpClient = connect(auth=HeaderAuth(SecretStr("ada")))
    client.get("/")
    client.with_auth(HeaderAuth(SecretStr("bob"))).get("/")
    client.with_auth(None).get("/")
    client.get("/")
    assert [one.headers.get("Authorization") for one in vendor.asked] == [
        "Bearer ada",
        "Bearer bob",
        None,
        "Bearer ada",
    ]
    assert len({one.peer for one in vendor.asked}) == 1
