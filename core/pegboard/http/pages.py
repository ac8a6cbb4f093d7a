"""How vendors hand out long lists: page by page, each saying where the next one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .answers import Answer


@dataclass(frozen=True, slots=True)
class Asked:
    """What one page was, or is to be, asked for with."""

    path: str
    params: Mapping[str, Any]


class Pages(Protocol):
    """One way of handing out a list."""

    def items(self, answer: Answer) -> list[Any]:
        """What stands on this page. ProviderError where it is no page."""

    def following(self, answer: Answer, asked: Asked) -> Asked | None:
        """What to ask for the next page; None where this is the last."""


@dataclass(frozen=True, slots=True)
class LinkPages:
    """The next page's URL is in the header `Link`, as `rel="next"`. Without `key` the body is the list itself."""

    key: str | None = None

    def items(self, answer: Answer) -> list[Any]:
        return listed(answer, self.key)

    def following(self, answer: Answer, asked: Asked) -> Asked | None:
        url = answer.links.get("next")
        return None if url is None else Asked(url, {})


@dataclass(frozen=True, slots=True)
class CursorPages:
    """The body has the list at `key`, and at `cursor` what the next page is asked for with, as `parameter`."""

    key: str = "data"
    cursor: str = "next_cursor"
    parameter: str = "cursor"

    def items(self, answer: Answer) -> list[Any]:
        return listed(answer, self.key)

    def following(self, answer: Answer, asked: Asked) -> Asked | None:
        cursor = answer.json().get(self.cursor)
        return Asked(asked.path, {**asked.params, self.parameter: cursor}) if cursor else None


@dataclass(frozen=True, slots=True)
class NumberedPages:
    """Pages are counted by `parameter`, from `first` on. The first empty one is the end."""

    key: str | None = None
    parameter: str = "page"
    first: int = 1

    def items(self, answer: Answer) -> list[Any]:
        return listed(answer, self.key)

    def following(self, answer: Answer, asked: Asked) -> Asked | None:
        if not self.items(answer):
            return None
        return Asked(asked.path, {**asked.params, self.parameter: asked.params.get(self.parameter, self.first) + 1})


def listed(answer: Answer, key: str | None) -> list[Any]:
    """The list at `key` of the body, or the body itself."""
    body = answer.json()
    found = body if key is None else body.get(key) if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        where = "in its body" if key is None else f"at {key!r}"
        raise answer.another_form(body, f"there is no list {where}")
    return found
