"""Checks of webhook sources before the board boots: whoever could not be verified must not find an open address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .errors import Problem

if TYPE_CHECKING:
    from .collect import Entry
    from .contributions import WebhookSource

RULE = "/webhooks/<source>"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_HOOK = "webhook_sources"


def webhook_problems(entries: Sequence[Entry]) -> Iterator[Problem]:
    """Names that are taken or cannot be one, secrets that verify nothing, and slips of the author's."""
    owners: dict[str, str] = {}
    for entry in entries:
        for source in entry.list(_HOOK):
            yield from _checked(entry, source)
            if source.name in owners:
                message = f"the webhook source {source.name!r} comes from {owners[source.name]!r} already"
                yield Problem(message, entry.name, _HOOK, "", "choose another name")
            owners.setdefault(source.name, entry.name)


def _checked(entry: Entry, source: WebhookSource) -> list[Problem]:
    try:
        return list(_of_source(entry, source))
    except Exception as error:  # noqa: BLE001 - whatever an author's code raises, the others go on
        message = f"the webhook source {source.name!r} cannot be checked: {type(error).__name__}: {error}"
        return [Problem(message, entry.name, _HOOK, entry.origin, "correct the source, or its verifier")]


def _of_source(entry: Entry, source: WebhookSource) -> Iterator[Problem]:
    if not _NAME.fullmatch(source.name):
        message = f"{source.name!r} is not a name for a webhook source"
        yield Problem(message, entry.name, _HOOK, "", "use small letters, digits, _ and -, at most 64")
    if isinstance(source.types, str):
        message = f"the types of {source.name!r} are one string"
        yield Problem(message, entry.name, _HOOK, "", "write a tuple of types")
    if source.limit <= 0:
        message = f"the limit of {source.name!r} is {source.limit} bytes"
        yield Problem(message, entry.name, _HOOK, "", "say how many bytes a body may have")
    origins = entry.settings.origins if entry.settings else {}
    for problem in source.verifier.problems():
        origin = str(origins.get(problem.setting, ""))
        remedy = f"copy the secret of {source.name!r} from where the sender shows it into {problem.setting}"
        yield Problem(problem.message, entry.name, problem.setting, origin, remedy)
