"""How far the time of a webhook may be from ours, in either direction: beyond, somebody may be sending an old one again."""

from __future__ import annotations

import re
import time

from pegboard.errors import BadSignature

TOLERANCE = 300
"""Seconds."""
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def check_time(text: str, *, tolerance: float = TOLERANCE) -> None:
    """BadSignature where `text`, in seconds since 1970, is no time, or one too far from now."""
    if not _SECONDS.fullmatch(text):
        raise BadSignature("malformed", "its time is not a number of seconds")
    ahead = int(text) - time.time()
    if ahead < -tolerance:
        raise BadSignature("too_old", f"it was signed {-ahead:.0f} s ago")
    if ahead > tolerance:
        raise BadSignature("too_new", f"it is signed for a time {ahead:.0f} s from now")
