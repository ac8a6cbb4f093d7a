"""Shipped to plugin authors: fixtures, contract suites with their saboteurs, local servers, and faults to put before them.

pytest finds the fixtures by itself (`fixtures.py`); the names below are for the annotations of tests. They are loaded on
first use, since pytest imports this package wherever Pegboard is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pegboard.lazily import lazily

if TYPE_CHECKING:
    from .boards import BoardClient, MakeBoard
    from .entry_points import Install
    from .peers import LocalServer, free_ports
    from .people import MakePerson, Person, SignIn
    from .servers import StartPeer

__all__ = [
    "BoardClient",
    "Install",
    "LocalServer",
    "MakeBoard",
    "MakePerson",
    "Person",
    "SignIn",
    "StartPeer",
    "free_ports",
]

_HOMES = {
    "BoardClient": "boards",
    "Install": "entry_points",
    "LocalServer": "peers",
    "MakeBoard": "boards",
    "MakePerson": "people",
    "Person": "people",
    "SignIn": "people",
    "StartPeer": "servers",
    "free_ports": "peers",
}

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
