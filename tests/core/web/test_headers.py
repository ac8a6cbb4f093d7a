"""Security headers, the policy with its nonce, and the id of each request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, make_response, request

from pegboard import Plugin
from pegboard.web.headers import csp_nonce, merged_policy

MakePlugin = Callable[..., type[Plugin[Any]]]
MakeBoard = Callable[..., Flask]


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split("; "))}


def pages(self: Any) -> list[Blueprint]:
    """Pages that show the nonce, set a header themselves, and tell the client's address."""
    blueprint = Blueprint("shop", __name__)
    blueprint.add_url_rule("/nonce", "nonce", lambda: csp_nonce())
    blueprint.add_url_rule(
        "/own", "own", lambda: make_response("x", 200, {"Content-Security-Policy": "default-src 'none'"})
    )
    blueprint.add_url_rule("/address", "address", lambda: f"{request.remote_addr} {request.scheme} {request.host}")
    return [blueprint]


def test_every_answer_carries_the_headers(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    client = make_board(make_plugin("shop", blueprints=pages)).test_client()
    for path in ("/healthz", "/nowhere", "/static/core/pegboard.css", "/shop/nonce"):
        headers = client.get(path, buffered=True).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert "'unsafe" not in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers


def test_https_boards_ask_browsers_to_stay_on_it(make_board: MakeBoard) -> None:
    headers = make_board(public_url="https://example.com").test_client().get("/healthz").headers
    assert "max-age=" in headers["Strict-Transport-Security"]


def test_the_nonce_in_the_page_is_that_of_the_policy_and_new_each_time(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    client = make_board(make_plugin("shop", blueprints=pages)).test_client()
    first, second = client.get("/shop/nonce"), client.get("/shop/nonce")
    policy = directives(first.headers["Content-Security-Policy"])
    assert f"'nonce-{first.text}'" in policy["script-src"]
    assert f"'nonce-{first.text}'" in policy["style-src"]
    assert first.text != second.text
    assert len(first.text) >= 20


def test_a_view_may_set_its_own_policy(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    client = make_board(make_plugin("shop", blueprints=pages)).test_client()
    assert client.get("/shop/own").headers["Content-Security-Policy"] == "default-src 'none'"


def test_the_policies_of_plugins_are_merged(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    app = make_board(
        make_plugin(
            "a",
            content_security_policy=lambda self: {
                "script-src": ["https://a.example"],
                "frame-src": ["https://f.example"],
            },
        ),
        make_plugin(
            "b", content_security_policy=lambda self: {"script-src": ["https://b.example", "https://a.example"]}
        ),
        csp_report_uri="https://reports.example/csp",
    )
    policy = directives(app.test_client().get("/healthz").headers["Content-Security-Policy"])
    assert policy["script-src"][0] == "'self'"
    assert policy["script-src"][2:] == ["https://a.example", "https://b.example"]
    assert policy["frame-src"] == ["'self'", "https://f.example"]
    assert policy["report-uri"] == ["https://reports.example/csp"]
    assert policy["object-src"] == ["'none'"]


def test_none_gives_way_to_a_source() -> None:
    assert directives(merged_policy([{"object-src": ["https://a.example"]}]))["object-src"] == ["https://a.example"]


def test_two_boards_do_not_share_a_policy(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    make_board(make_plugin("a", content_security_policy=lambda self: {"script-src": ["https://a.example"]}))
    assert "a.example" not in make_board().test_client().get("/healthz").headers["Content-Security-Policy"]


@pytest.mark.parametrize("sent", ["0123abcd", "a.b-c_d.e-f_g", "f" * 64])
def test_a_wellformed_request_id_is_kept(make_board: MakeBoard, sent: str) -> None:
    assert make_board().test_client().get("/healthz", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize(
    "sent", ["", "short", "f" * 65, "with space 123", "<script>alert(1)</script>", "a;b;c;d;e;f", "ünïcödé12"]
)
def test_any_other_request_id_is_replaced(make_board: MakeBoard, sent: str) -> None:
    answered = make_board().test_client().get("/healthz", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
    assert answered != sent
    assert re.fullmatch(r"[0-9a-f]{16}", answered)


FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}


def test_without_trusted_proxies_forged_headers_change_nothing(make_board: MakeBoard, make_plugin: MakePlugin) -> None:
    client = make_board(make_plugin("shop", blueprints=pages)).test_client()
    assert client.get("/shop/address", headers=FORGED).text == "127.0.0.1 http localhost"


def test_one_trusted_proxy_tells_the_address_and_no_more_than_it_added(
    make_board: MakeBoard, make_plugin: MakePlugin
) -> None:
    client = make_board(make_plugin("shop", blueprints=pages), trusted_proxies=1).test_client()
    headers = {**FORGED, "X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
    assert client.get("/shop/address", headers=headers).text == "203.0.113.9 https localhost"
