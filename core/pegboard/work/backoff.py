"""How long to wait before the next try: longer each time, and never for all at the same moment."""

from __future__ import annotations

import random

FIRST, FACTOR, LONGEST = 5_000, 4, 6 * 60 * 60 * 1000
MOST_TRIES = 12
"""With the longest waits, about 38 hours."""


def backoff(tries: int) -> int:
    """Milliseconds to wait after so many tries: up to `min(5 s * 4^(tries - 1), 6 h)`, anywhere below."""
    return random.randint(0, min(FIRST * FACTOR ** (tries - 1), LONGEST))  # noqa: S311 - it decides nothing but time
