"""What a vendor's headers say about how much it still takes, and when again: `Retry-After` and the `RateLimit` family.

`RateLimit` as in the drafts of the IETF's httpapi group, the newest (`"default";r=0;t=30`) and the older ones
(`RateLimit-Remaining` and `-Reset`, or both in one header), and the `X-RateLimit-` headers from before them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_POINT_IN_TIME = 1_000_000_000.0  # a reset above this is no number of seconds to wait: it is a time, since 1970
_MILLISECONDS = 1_000_000_000_000.0
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,9})?")
_POLICY = re.compile(r"(?:\br|remaining)\s*=\s*(\d{1,18})\b.*?(?:\bt|reset)\s*=\s*(\d{1,18})\b")


@dataclass(frozen=True, slots=True)
class Standing:
    """So many requests are left for so many seconds."""

    remaining: int
    seconds: float


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from a number of them or from a date; None where there is neither."""
    given = headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(given):
        return float(given)
    date = _date(given)
    return None if date is None else max(0.0, (date - _now(headers)).total_seconds())


def standing(headers: Mapping[str, str]) -> Standing | None:
    """The narrowest limit: of those that are used up the one that lasts longest, else the one with the fewest left."""
    found = list(_standings(headers))
    used_up = [one for one in found if not one.remaining]
    if used_up:
        return max(used_up, key=lambda one: one.seconds)
    return min(found, key=lambda one: one.remaining, default=None)


def _standings(headers: Mapping[str, str]) -> Iterator[Standing]:
    for policy in headers.get("ratelimit", "").split(", " if '"' in headers.get("ratelimit", "") else "\n"):
        if numbers := _POLICY.search(policy):
            yield Standing(int(numbers[1]), float(numbers[2]))
    for prefix in ("ratelimit", "x-ratelimit", "x-rate-limit"):
        remaining = _NUMBER.fullmatch(headers.get(f"{prefix}-remaining", "").strip())
        reset = _NUMBER.fullmatch(headers.get(f"{prefix}-reset", "").strip())
        if remaining and reset:
            yield Standing(int(float(remaining[0])), _seconds(float(reset[0]), headers))


def _seconds(reset: float, headers: Mapping[str, str]) -> float:
    if reset < _POINT_IN_TIME:
        return reset
    since_1970 = reset / 1000 if reset >= _MILLISECONDS else reset
    return max(0.0, since_1970 - _now(headers).timestamp())


def _now(headers: Mapping[str, str]) -> datetime:
    """By the vendor's clock, where the answer says what that shows: ours may be wrong."""
    return _date(headers.get("date", "")) or datetime.now(UTC)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
