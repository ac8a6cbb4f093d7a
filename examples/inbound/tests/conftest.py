"""Which plugin the tests are about, its settings, and a sender. The other fixtures come from `pegboard.testing`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask

from pegboard import Plugin
from pegboard.testing.webhooks import standard_headers
from pegboard.testing.work import do_work
from pegboard_inbound.plugin import Inbound

SECRET, OLDER = "whsec_bmV3IHNlY3JldCBvZiB0aGUgdGVzdHM=", "whsec_b2xkIHNlY3JldCBvZiB0aGUgdGVzdHM="


@pytest.fixture
def plugin() -> type[Plugin[Any]]:
    return Inbound


@pytest.fixture
def plugin_settings() -> Mapping[str, Any]:
    """What every board of the tests is given."""
    return {"secrets": [SECRET, OLDER]}


@pytest.fixture
def older_secret() -> str:
    """One that senders still use."""
    return OLDER


@pytest.fixture
def send(board: Flask) -> Callable[..., int]:
    """Posts a message as a sender does, and lets the board do its work; the status of the answer."""

    def post(id_: str, data: Any = None, *, type: str = "order.paid", secret: str = SECRET) -> int:
        body = json.dumps({"type": type, "data": data}).encode()
        answer = board.test_client().post(
            "/webhooks/inbound", data=body, headers=standard_headers(body, secret, id=id_)
        )
        do_work(board)
        return answer.status_code

    return post
