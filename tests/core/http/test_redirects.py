"""Redirects: off unless asked for, and even then never to where they must not lead."""

from __future__ import annotations

import httpx2
import pytest

from pegboard.errors import ProviderError
from pegboard.http import Answer, Limits, network
from pegboard.http.network import is_public
from pegboard.http.redirects import hop
from tests.core.http.conftest import Connect
from tests.core.http.vendor import Reply, Vendor
from tests.core.http.vendor import vendor as another_vendor

FOLLOW = Limits(redirects=3, tries=1)


def to(place: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": place})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_none_is_followed_unless_asked_for(vendor: Vendor, connect: Connect, status: int) -> None:
    vendor.replies(to("/elsewhere", status))
    with pytest.raises(ProviderError, match=f"answered {status}: it redirects, and that is not followed"):
        connect().get("/")
    assert [one.path for one in vendor.asked] == ["/"]


def test_within_the_host_they_are_followed_with_the_credentials(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(to("/b?x=1"), Reply(json="there"))
    answer = connect(limits=FOLLOW, headers={"X-Key": "key"}).get("/a", params={"page": 1})
    assert answer.json() == "there"
    assert [(one.path, one.headers.get("X-Key")) for one in vendor.asked] == [("/a?page=1", "key"), ("/b?x=1", "key")]


def test_no_more_are_followed_than_asked_for(vendor: Vendor, connect: Connect) -> None:
    vendor.replies(to("/again"))
    with pytest.raises(ProviderError, match="answered 302"):
        connect(limits=FOLLOW).get("/")
    assert len(vendor.asked) == 4


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_never_sent_on(vendor: Vendor, connect: Connect, method: str) -> None:
    vendor.replies(to("/b", 307))
    with pytest.raises(ProviderError, match="answered 307"):
        connect(limits=FOLLOW).request(method, "/")
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    "place",
    ["http://localhost:{port}/", "http://127.0.0.1:{other}/", "http://10.0.0.1/", "http://169.254.169.254/latest/",
     "http://[::1]:{port}/", "http://2130706433:{other}/"],
)  # fmt: skip
def test_none_leads_to_a_private_address(vendor: Vendor, connect: Connect, place: str) -> None:
    with another_vendor() as inside:
        vendor.replies(to(place.format(port=vendor.port, other=inside.port)))
        with pytest.raises(
            ProviderError, match="it redirects to a private address, and that is never followed"
        ) as caught:
            connect(limits=FOLLOW).get("/")
        assert inside.asked == []
    assert caught.value.permanent
    assert len(vendor.asked) == 1


def test_a_name_with_one_private_address_is_private(
    vendor: Vendor, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = {"rebound.example": ["8.8.8.8", "127.0.0.1"]}
    monkeypatch.setattr(network, "look_up", lambda host, port: addresses.get(host, [host]))
    vendor.replies(to(f"http://rebound.example:{vendor.port}/"))
    with pytest.raises(ProviderError, match=r"rebound\.example is a private address"):
        connect(limits=FOLLOW).get("/")


@pytest.mark.parametrize("place", ["ftp://a.example/", "file:///etc/passwd", "http://ada:hush@a.example/", "//"])
def test_none_leads_to_what_is_no_url_of_the_web(vendor: Vendor, connect: Connect, place: str) -> None:
    vendor.replies(to(place))
    with pytest.raises(ProviderError, match=r"it redirects to something that is no URL|answered 302") as caught:
        connect(limits=FOLLOW).get("/")
    assert "hush" not in str(caught.value)


def test_a_stranger_gets_no_credentials(vendor: Vendor, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "is_public", lambda address: True)
    with another_vendor() as stranger:
        vendor.replies(to(f"{stranger.url}/file"))
        client = connect(
            limits=FOLLOW,
            headers={"X-Api-Key": "hush", "Authorization": "Bearer hush"},
            on_request=[lambda request: request.headers.update({"X-Signature": "hush"})],
        )
        assert client.get("/").json() == {"ok": True}
        assert [name for name, value in stranger.asked[0].headers.items() if "hush" in value] == []
        assert stranger.asked[0].path == "/file"


def test_none_leads_from_https_down_to_http() -> None:
    request = httpx2.Request("GET", "https://shop.example/a")
    answer = Answer("shop", "GET", 302, {"location": "http://shop.example/a"}, b"")
    with pytest.raises(ProviderError, match="from https down to http, and that is never followed"):
        hop(request, answer, httpx2.URL("https://shop.example"))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
     "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "198.18.0.1", "192.0.2.1"],
)  # fmt: skip
def test_addresses_that_only_some_can_reach_are_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_that_everyone_can_reach_are_public(address: str) -> None:
    assert is_public(address)
