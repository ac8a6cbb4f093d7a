"""`docs/http.md`: its snippets run in their order, against a vendor on this machine."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

import pytest

from pegboard.http import Limits
from tests.core.http.vendor import Reply, Request, vendor
from tools.manifest import ROOT

TEXT = (ROOT / "docs/http.md").read_text(encoding="utf-8")


def shop(request: Request) -> Reply:
    """A shop as the page imagines it."""
    if request.path == "/v1/token":
        return Reply(json={"access_token": "new"})
    if request.headers.get("Authorization") == "Bearer old":
        return Reply(401)
    if request.path == "/v1/orders?status=open":
        return Reply(json={"data": [{"id": "o1", "total": 5}], "next_cursor": "c2"})
    if request.path == "/v1/orders?status=open&cursor=c2":
        return Reply(json={"data": [{"id": "o2", "total": 7}], "next_cursor": None})
    if request.path == "/v1/orders/o9":
        return Reply(404)
    return Reply(json={"id": "o1", "total": 600})


def test_the_snippets_run_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    with vendor() as peer:
        peer.answer = shop
        for snippet in snippets:
            exec(snippet.replace("https://api.shop.example", peer.url), names)
        for client in ("client", "strict"):
            names[client].close()

    assert capsys.readouterr().out.splitlines() == [
        "o1 5",
        "o2 7",
        "200 {'id': 'o1', 'total': 600}",
        "600",
        "there is no such order",
        "[('shop', 'get Orders', 'ok')]",
    ]
    created = next(one for one in peer.asked if one.method == "POST" and one.path == "/v1/orders")
    assert created.headers["Idempotency-Key"] == "intent:7"
    signed = next(one for one in peer.asked if "X-Signature" in one.headers)
    assert signed.headers["X-Signature"] == hmac.new(b"shared secret", signed.body, hashlib.sha256).hexdigest()


def test_the_limits_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| ([\d, MiB]+) \|", TEXT, re.MULTILINE)
    told = {
        name.strip("` "): float(value.replace("MiB", "").strip()) * (1024**2 if "MiB" in value else 1)
        for names, values in rows
        for name, value in zip(names.split(","), values.split(","), strict=True)
    }
    limits = Limits()
    assert told == {name: getattr(limits, name) for name in Limits.__slots__}
