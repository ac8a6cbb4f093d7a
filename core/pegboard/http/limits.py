"""How patient a client is, and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one client. Whoever asked may wait for less than `total` (`pegboard.deadline`): then that holds."""

    connect: float = 3.0
    """Seconds until there is a connection: the name looked up, every address tried, and for a free place in the pool."""

    read: float = 10.0
    """Seconds without a byte, in each direction."""

    total: float = 20.0
    """Seconds for the whole call: all tries, what is waited between them, and the last byte of the answer."""

    tries: int = 3
    """How often a call is made that may be made again."""

    answer: int = 10 * 1024 * 1024
    """Bytes of an answer, unpacked."""

    redirects: int = 0
    """How many are followed, one after the other."""

    connections: int = 20
    """How many are open at once."""

    failures: int = 5
    """So many in a row, and the host is left alone for a while."""

    rest: float = 30.0
    """Seconds in which it is left alone; then one call tries whether it is back."""
