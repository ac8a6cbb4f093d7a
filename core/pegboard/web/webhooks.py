"""The route for webhooks, where there are sources. Boots read this, so it imports next to nothing."""

from __future__ import annotations

from typing import Any

from flask import Flask

from pegboard.live import Board
from pegboard.webhook_checks import RULE
from pegboard.webhooks.counting import EXTENSION, Tally

from .csrf import exempt

ENDPOINT = "webhooks"


def init_webhooks(app: Flask, board: Board) -> None:
    """`POST /webhooks/<source>`, where a plugin has a source."""
    if not board.webhook_sources:
        return
    app.extensions[EXTENSION] = Tally()
    app.add_url_rule(RULE, ENDPOINT, _receive, methods=["POST"], provide_automatic_options=False)


@exempt
def _receive(source: str) -> Any:
    from pegboard.webhooks.receiving import receive

    return receive(source)
