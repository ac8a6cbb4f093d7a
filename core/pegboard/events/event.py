"""What every event is: an immutable fact with an id, a time, a subject and a version, which can be written as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4


class UnreadableEvent(ValueError):
    """What was stored is not an event of this class any more; the message says what differs and what to write."""


class NewerEvent(Exception):
    """A newer version of the code has stored it, as while a new release is being rolled out."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. `id` is the same for every handler and every try; `at` is when it happened.

    Fields are `str`, `int`, `bool`, `UUID`, aware `datetime`, `Money`, tuples or lists of these, or None.
    """

    version: ClassVar[int] = 1
    """Raise it when fields change, and write `upgrade` for what is stored already."""

    id: UUID = field(default_factory=uuid4)
    at: datetime = field(default_factory=_now)

    @property
    def subject(self) -> str:
        """Whom or what it is about: a handler gets the events of one subject one at a time, in order. Empty: in no order."""
        return ""

    @classmethod
    def upgrade(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
        """What an older `version` stored, as this one would have; values are as in JSON."""
        return data
