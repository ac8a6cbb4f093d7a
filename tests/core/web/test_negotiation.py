"""Which addresses a person may be sent to, and which clients get JSON."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from pegboard.web.negotiation import safe_next, wants_json

MakeBoard = Callable[..., Flask]


@pytest.mark.parametrize(
    "target", ["/", "/files", "/files?page=2", "/a/b#c", "/a?next=https://x.example", "/größe", "/%2F%2Fx"]
)
def test_a_path_of_this_site_is_kept(target: str) -> None:
    assert safe_next(target, "/home") == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "files",
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/\t/evil.example/",
        "/\n/evil.example",
        "/a\\b",
        "/a b",
        "/a\x00b",
        "/a\x7fb",
        "javascript:alert(1)",
        " /files",
        "/" + "x" * 2_000,
    ],
)
def test_anything_that_could_lead_elsewhere_is_not(target: str | None) -> None:
    assert safe_next(target, "/home") == "/home"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/json", True),
        ("application/json, text/html;q=0.5", True),
        ("text/html, application/json;q=0.5", False),
    ],
)
def test_clients_that_prefer_json_get_it(make_board: MakeBoard, accept: str, expected: bool) -> None:
    with make_board().test_request_context(headers={"Accept": accept}):
        assert wants_json() is expected


def test_clients_that_send_json_get_it(make_board: MakeBoard) -> None:
    with make_board().test_request_context(json={}):
        assert wants_json()
