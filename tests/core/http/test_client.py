"""One call: where it goes, how long it may take, what sees it on its way, and that nothing else does."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from pegboard.deadline import answer_within
from pegboard.errors import NotFound, ProviderError, Unreachable
from pegboard.http import Answer, HttpClient, Limits, error_key
from pegboard.testing.faults import FaultProxy
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Vendor


@contextmanager
def full_house() -> Iterator[str]:
    """The URL of a server that accepts nobody: whoever wants to connect waits."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_importing_it_imports_no_library_of_http() -> None:
    code = "import sys, pegboard.http; print(sorted({'httpx2', 'httpcore2', 'tenacity'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_path_is_below_the_base_url(vendor: Vendor, connect: Connect) -> None:
    connect(f"{vendor.url}/v1/").get("/orders", params={"status": "open"})
    assert [one.path for one in vendor.asked] == ["/v1/orders?status=open"]


def test_parameters_join_those_that_are_in_the_path(vendor: Vendor, connect: Connect) -> None:
    client = connect()
    client.get("/orders?page=2", params={"status": "open"})
    client.get(f"{vendor.url}/orders?page=3", params={})
    assert [one.path for one in vendor.asked] == ["/orders?page=2&status=open", "/orders?page=3"]


@pytest.mark.parametrize(
    "url", ["shop.example", "ftp://shop.example", "https://", "https://key@shop.example", "https://a.b/?x=1"]
)
def test_a_base_url_is_whole_and_holds_no_credentials(url: str) -> None:
    with pytest.raises(ValueError, match="base_url must") as caught:
        HttpClient("shop", url)
    assert "key" not in str(caught.value)


@pytest.mark.parametrize("path", ["http://127.0.0.2/orders", "https://evil.example/", "http://[::1"])
def test_what_is_on_another_host_is_never_asked(vendor: Vendor, connect: Connect, path: str) -> None:
    with pytest.raises(ProviderError) as caught:
        connect().get(path)
    assert caught.value.permanent
    assert vendor.asked == []


def test_json_forms_and_bytes_are_sent(vendor: Vendor, connect: Connect) -> None:
    client = connect()
    client.post("/", json={"total": 5})
    client.post("/", form={"grant_type": "refresh_token"})
    client.put("/", content=b"\x00\x01")
    assert [one.body for one in vendor.asked] == [b'{"total":5}', b"grant_type=refresh_token", b"\x00\x01"]
    assert vendor.asked[1].headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_interceptors_see_each_request_and_answer_in_order(vendor: Vendor, connect: Connect) -> None:
    seen: list[str] = []

    def sign(request: Any) -> None:
        seen.append("sign")
        request.headers["X-Signature"] = f"signed {request.content.decode()}"

    def check(request: Any) -> None:
        seen.append(f"check {request.headers['X-Signature']}")

    client = connect(
        on_request=[sign, check],
        on_response=[lambda answer: seen.append(f"first {answer.json()['ok']}"), lambda answer: seen.append("second")],
    )
    client.post("/", content=b"body")

    assert seen == ["sign", "check signed body", "first True", "second"]
    assert vendor.asked[0].headers["X-Signature"] == "signed body"


def test_an_interceptor_may_refuse_an_answer(connect: Connect) -> None:
    def refuse(answer: Any) -> None:
        raise ProviderError("the signature of the answer is wrong", permanent=True)

    with pytest.raises(ProviderError, match=r"^shop read order: the signature of the answer is wrong$"):
        connect(on_response=[refuse]).get("/", operation="read order")


def test_no_connection_in_time_and_no_byte_in_time_are_two_limits(vendor: Vendor, connect: Connect) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.blackhole()
        patient = connect(f"http://127.0.0.1:{proxy.port}", limits=Limits(connect=3600, read=0.2, total=3600, tries=1))
        with pytest.raises(Unreachable, match="no byte came"):
            patient.get("/")
    with full_house() as url:
        unconnected = connect(url, limits=Limits(connect=0.2, read=3600, total=3600, tries=1))
        with pytest.raises(Unreachable, match="no connection in time"):
            unconnected.get("/")


def test_a_vendor_that_hangs_costs_no_more_than_the_whole_call_may(vendor: Vendor, connect: Connect) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.blackhole()
        client = connect(f"http://127.0.0.1:{proxy.port}", limits=Limits(connect=30, read=30, total=0.3))
        with pytest.raises(Unreachable, match="no whole answer in the time there was"):
            client.get("/")


def test_a_page_that_waits_for_less_ends_the_call(vendor: Vendor, connect: Connect) -> None:
    with FaultProxy(vendor.port) as proxy:
        proxy.blackhole()
        client = connect(f"http://127.0.0.1:{proxy.port}", limits=Limits(connect=60, read=60, total=60))
        with answer_within(0.3), pytest.raises(Unreachable, match="in the time there was"):
            client.get("/")


def test_where_the_time_is_over_the_vendor_is_not_asked(vendor: Vendor, connect: Connect) -> None:
    with answer_within(0), pytest.raises(Unreachable, match=r"^shop GET: not asked: calls before it took all"):
        connect().get("/")
    assert vendor.asked == []


def test_a_host_without_an_address_is_said(connect: Connect) -> None:
    with pytest.raises(Unreachable, match=r"the name nobody\.invalid is not known"):
        connect("http://nobody.invalid", limits=Limits(tries=1)).get("/")


def test_a_refusal_says_where_what_and_what_to_do_and_nothing_of_the_vendor(vendor: Vendor, connect: Connect) -> None:
    body = {"error": {"code": "no_scope", "message": "the key sk_live_1234 may not", "customer": "Ada"}}
    vendor.replies(Reply(403, json=body, headers={"X-Request-ID": "req_77"}))
    with pytest.raises(ProviderError) as caught:
        connect().get("/orders?token=hush", operation="list orders")
    error = caught.value
    assert str(error) == (
        "shop list orders: answered 403 (no_scope, request req_77): the credentials may not do this:"
        " grant them the permission there"
    )
    assert (error.provider, error.operation, error.status, error.permanent) == ("shop", "list orders", 403, True)


def test_what_is_not_there_is_not_found(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(404))
    with pytest.raises(NotFound):
        connect().get("/orders/9")


def test_an_error_inside_an_answer_of_200_is_one(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={"error": {"code": "card_declined", "message": "the card of Ada"}}))
    with pytest.raises(ProviderError, match=r"answered 200 with an error inside \(card_declined\)$"):
        connect(error_in=error_key).get("/")


def test_an_answer_without_an_error_passes(connect: Connect) -> None:
    assert connect(error_in=error_key).get("/").json() == {"ok": True}


def test_what_is_no_json_is_said(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(body=b"<html>Down for maintenance</html>"))
    with pytest.raises(ProviderError, match=r"answered with something that is no JSON$"):
        connect().get("/").json()


def test_no_cookie_of_one_call_is_in_the_next(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={}, headers={"Set-Cookie": "session=ada"}))
    client = connect()
    client.get("/")
    client.get("/")
    assert "Cookie" not in vendor.asked[1].headers


def test_nothing_that_a_url_or_header_holds_is_logged(
    vendor: Vendor, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connect().get("/reset/hush-path", params={"token": "hush-query"}, headers={"X-Key": "hush-header"})
    assert "hush" not in caplog.text


def test_an_answer_shows_neither_headers_nor_body(connect: Connect) -> None:
    assert repr(connect().get("/")) == "Answer(provider='shop', operation='GET', status=200, request_id='')"
    assert isinstance(connect().get("/"), Answer)
