"""What another company posts to us: as it came, as its source reads it, and as the handler gets it; and who verifies it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The body byte for byte, and the headers, which are found in any spelling: `headers["webhook-id"]`."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON. ValueError where it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a source reads in a body that was verified.

    `id` is the sender's: a second webhook with it is none. `type` says what happened. `subject` is the object that it
    happened to: its webhooks are handled one at a time. Without one they wait for nothing.
    """

    id: str
    type: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook(Posted):
    """What a handler gets: verified, stored and acknowledged. Of the headers it has `Content-Type`, `User-Agent` and those
    that the source keeps.

    It may come twice and late, and before what the sender posted earlier: ask the sender how the object is now.
    """

    source: str
    id: str
    type: str
    subject: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class SecretProblem:
    """A secret that cannot verify anything. `setting` is the plugin's, `message` never holds the secret."""

    setting: str
    message: str


class Verifier(Protocol):
    """Says whether a request comes from whom it claims. Asked in every request: it waits for nothing."""

    def problems(self) -> Iterable[SecretProblem]:
        """What is wrong with the secrets. With any, the board does not boot: what cannot be verified is not let in."""

    def verify(self, posted: Posted) -> int:
        """Which of the secrets it was, the newest being 0. `BadSignature` where it was none, whatever is posted."""
