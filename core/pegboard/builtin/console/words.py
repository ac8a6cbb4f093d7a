"""What the database says in columns, in the reader's words: what became of an item, what it is, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pegboard.i18n import current_locale, format_datetime
from pegboard.i18n import gettext as _

_PEGS = {"dead": "failed", "done": "ready", "leased": "ready"}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, as machines, as calendars and as people say it: `3 minutes ago`."""

    iso: str
    exact: str
    words: str


def moment(milliseconds: int, now: int) -> Moment:
    """A time of the database's clock, seen from `now`."""
    from babel.dates import format_timedelta

    when = datetime.fromtimestamp(milliseconds / 1000, UTC)
    apart = timedelta(milliseconds=milliseconds - now)
    near = abs(apart) < timedelta(seconds=1)
    words = _("now") if near else format_timedelta(apart, add_direction=True, locale=current_locale().replace("-", "_"))
    return Moment(when.isoformat(timespec="milliseconds"), format_datetime(when), words)


def statuses() -> Mapping[str, str]:
    """Every status in a word or two."""
    return {
        "pending": _("Next"),
        "waiting": _("Behind others"),
        "leased": _("Running"),
        "parked": _("Parked"),
        "dead": _("Dead"),
        "done": _("Done"),
        "ignored": _("Ignored"),
    }


def explanation(status: str) -> str:
    """What a status means for the item, in a sentence; nothing for those that explain themselves."""
    sentences = {
        "waiting": _("It waits for others of its lane, which come first."),
        "parked": _("Nothing that is enabled handles it. It goes on by itself once that is back."),
        "ignored": _("Nobody handles webhooks of this type. It was kept for the record."),
    }
    return sentences.get(status, "")


def peg(status: str) -> str:
    """The kind of peg that stands before a status."""
    return _PEGS.get(status, "pending")


def queues() -> Mapping[str, str]:
    """Every queue in a word."""
    return {
        "webhooks": _("Webhooks"),
        "events": _("Events"),
        "mail": _("Mail"),
        "jobs": _("Jobs"),
        "bulk": _("Bulk"),
    }


def kind(name: str) -> str:
    """What an item is."""
    return {"event": _("Event"), "webhook": _("Webhook"), "job": _("Job")}.get(name, name)
