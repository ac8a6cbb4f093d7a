"""Keys of rows: UUIDs of version 7, which sort by the time they were made and are never used twice."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def uuid7() -> str:
    """A new UUIDv7 in its usual 36 characters: 48 bits of Unix milliseconds, then 74 random ones."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(UUID(int=value & ~(0b11 << 62) | 0b10 << 62))
