"""What an item carries, without secrets: those of this board by their value, and others by the name they stand under."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from pegboard.live import Board, current_board
from pegboard.observability.redaction import MASK, NAME_OF_SECRET, Redactor
from pegboard.settings import secrets_in

SMALL = 8_192
"""Bytes of the largest payload that is shown."""

LONGEST = 16_384
"""Characters of the longest data that is shown: what cannot be looked through for secrets quickly is not shown at all."""

_PASSWORD = re.compile(r"://[^/@:\s]*:([^/\s]*)@")


class Redacting:
    """Knows the secrets of the current board."""

    def __init__(self) -> None:
        self._redactor = Redactor(_secrets(current_board()))

    def text(self, text: str | None) -> str:
        """A text as it may be shown."""
        return self._redactor.named(text or "")

    def document(self, written: str | None) -> str:
        """JSON, indented, as it may be shown; what is no JSON as text. Nothing where it is too long."""
        if not written or len(written) > LONGEST:
            return ""
        try:
            return self._indented(written)
        except (ValueError, RecursionError):
            return self.text(written)

    def payload(self, body: bytes | None) -> str:
        """What a webhook brought, where it is a small JSON object or array; else nothing."""
        if body is None or len(body) > SMALL or body.lstrip()[:1] not in (b"{", b"["):
            return ""
        try:
            return self._indented(body)
        except (ValueError, RecursionError):
            return ""

    def _indented(self, written: str | bytes) -> str:
        return json.dumps(self._clean(json.loads(written)), indent=2, ensure_ascii=False)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                self.text(name): MASK if NAME_OF_SECRET.search(name) else self._clean(item)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._clean(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


def _secrets(board: Board) -> Iterator[str]:
    """The secrets among the settings, the keys that sign, and the password of the database."""
    yield from board.signing_keys
    for resolved in (board.plan.board, *(entry.settings for entry in board.plan.active)):
        if resolved is not None and resolved.value is not None:
            yield from secrets_in(resolved.value)
    for password in _PASSWORD.findall(board.settings.database_url or ""):
        yield from (password, unquote(password))
