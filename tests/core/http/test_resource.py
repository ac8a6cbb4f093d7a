"""A vendor's API as a class of a few lines."""

from __future__ import annotations

from itertools import islice
from typing import ClassVar

import pytest
from pydantic import BaseModel

from pegboard.errors import NotFound, ProviderError
from pegboard.http import CursorPages, LinkPages, NumberedPages, Pages, Resource
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Request, Vendor


class Order(BaseModel):
    id: str
    total: int = 0


class Orders(Resource[Order]):
    path = "/orders"
    model = Order
    pages: ClassVar[Pages] = CursorPages(key="data", cursor="next", parameter="after")


def orders(vendor: Vendor, *pages: dict[str, object]) -> None:
    vendor.replies(*(Reply(json=page) for page in pages))


def test_a_list_goes_over_all_pages(vendor: Vendor, connect: Connect) -> None:
    orders(vendor, {"data": [{"id": "a"}, {"id": "b"}], "next": "b"}, {"data": [{"id": "c"}], "next": None})
    assert [order.id for order in Orders(connect()).list(status="open")] == ["a", "b", "c"]
    assert [one.path for one in vendor.asked] == ["/orders?status=open", "/orders?status=open&after=b"]


def test_no_page_is_asked_for_that_nobody_reads(vendor: Vendor, connect: Connect) -> None:
    orders(vendor, {"data": [{"id": "a"}, {"id": "b"}], "next": "b"})
    assert len(list(islice(Orders(connect()).list(), 2))) == 2
    assert len(vendor.asked) == 1


def test_pages_that_go_round_in_a_circle_end(vendor: Vendor, connect: Connect) -> None:
    orders(vendor, {"data": [], "next": "x"}, {"data": [], "next": "y"}, {"data": [], "next": "x"})
    with pytest.raises(ProviderError, match=r"^shop list Orders: its pages go round in a circle$"):
        list(Orders(connect()).list())


def test_pages_by_link(vendor: Vendor, connect: Connect) -> None:
    class Linked(Orders):
        pages = LinkPages()

    def answer(request: Request) -> Reply:
        if "page=2" in request.path:
            return Reply(json=[{"id": "b"}])
        return Reply(json=[{"id": "a"}], headers={"Link": f'<{vendor.url}/orders?page=2>; rel="next"'})

    vendor.answer = answer
    assert [order.id for order in Linked(connect()).list()] == ["a", "b"]


def test_a_link_to_another_host_is_not_followed(vendor: Vendor, connect: Connect) -> None:
    class Linked(Orders):
        pages = LinkPages()

    vendor.replies(Reply(json=[], headers={"Link": '<https://evil.example/orders>; rel="next"'}))
    with pytest.raises(ProviderError, match="the URL is on another host, which must not get the credentials"):
        list(Linked(connect()).list())


def test_pages_by_number(vendor: Vendor, connect: Connect) -> None:
    class Numbered(Orders):
        pages = NumberedPages()

    vendor.replies(Reply(json=[{"id": "a"}]), Reply(json=[{"id": "b"}]), Reply(json=[]))
    assert [order.id for order in Numbered(connect()).list()] == ["a", "b"]
    assert [one.path for one in vendor.asked] == ["/orders", "/orders?page=2", "/orders?page=3"]


def test_get_create_update_and_delete(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(json={"id": "a", "total": 5, "more": "of it"}))
    api = Orders(connect())
    assert api.get("a") == Order(id="a", total=5)
    assert api.create({"total": 5}).id == "a"
    assert api.update("a", Order(id="a")).id == "a"
    api.delete("a")
    assert [(one.method, one.path) for one in vendor.asked] == [
        ("GET", "/orders/a"), ("POST", "/orders"), ("PATCH", "/orders/a"), ("DELETE", "/orders/a"),
    ]  # fmt: skip
    assert vendor.asked[2].json == {"id": "a"}


def test_create_with_a_key_is_one_deed(vendor: Vendor, connect: Connect) -> None:
    orders(vendor, {"id": "a"})
    Orders(connect(idempotency_header="Idempotency-Key")).create({}, idempotency_key="intent:7")
    assert vendor.asked[0].headers["Idempotency-Key"] == "intent:7"


@pytest.mark.parametrize(("key", "path"), [("a/../b", "/orders/a%2F..%2Fb"), ("a b?x", "/orders/a%20b%3Fx")])
def test_a_key_stays_one_part_of_the_path(vendor: Vendor, connect: Connect, key: str, path: str) -> None:
    orders(vendor, {"id": "a"})
    Orders(connect()).get(key)
    assert vendor.asked[0].path == path


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_a_key_that_leads_elsewhere_is_refused(vendor: Vendor, connect: Connect, key: str) -> None:
    with pytest.raises(ValueError, match="is no key of an object"):
        Orders(connect()).delete(key)
    assert vendor.asked == []


def test_what_is_not_there_is_not_found(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(Reply(404))
    with pytest.raises(NotFound, match=r"^shop get Orders: answered 404"):
        Orders(connect()).get("a")


def test_an_answer_in_another_form_says_where_and_nothing_of_it(vendor: Vendor, connect: Connect) -> None:
    orders(vendor, {"total": "hush"})
    with pytest.raises(ProviderError) as caught:
        Orders(connect()).get("a")
    assert str(caught.value) == ("shop get Orders: answered in another form: id (missing), total (int_parsing)")


def test_an_error_inside_an_answer_of_200_is_said_as_one(vendor: Vendor, connect: Connect) -> None:
    orders(vendor, {"error": {"code": "expired", "message": "the card of Ada"}})
    with pytest.raises(ProviderError, match=r"^shop get Orders: answered with an error inside \(expired\)$"):
        Orders(connect()).get("a")
    with pytest.raises(ProviderError, match=r"answered with an error inside \(expired\)"):
        list(Orders(connect()).list())


@pytest.mark.parametrize("page", [{"data": None}, {}, [], "text", None])
def test_a_page_without_a_list_is_said(vendor: Vendor, connect: Connect, page: object) -> None:
    vendor.replies(Reply(json=page))
    with pytest.raises(ProviderError, match="answered in another form: there is no list at 'data'"):
        list(Orders(connect()).list())
