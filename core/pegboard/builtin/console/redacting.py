"""What an item carries, without secrets: those of this board by their value, and others by the name they stand under."""

from __future__ import annotations

import json
from typing import Any

from pegboard.keys import known_secrets
from pegboard.live import current_board
from pegboard.observability.redaction import MASK, NAME_OF_SECRET, Redactor

SMALL = 8_192
"""Bytes of the largest payload that is shown."""

LONGEST = 16_384
"""Characters of the longest data that is shown: what cannot be looked through for secrets quickly is not shown at all."""


class Redacting:
    """Knows the secrets of the current board."""

    def __init__(self) -> None:
        board = current_board()
        self._redactor = Redactor(known_secrets(board.plan, board.signing_keys))

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
