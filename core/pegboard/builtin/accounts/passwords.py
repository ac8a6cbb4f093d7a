"""Passwords: how long they must be, and their argon2id hashes. Nothing here is ever logged or shown."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from pegboard.errors import Refused
from pegboard.i18n import gettext as _

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 256
MEMORY_KIB, ROUNDS, LANES = 19_456, 2, 1
UNKNOWN = "$argon2id$v=19$m=19456,t=2,p=1$noiLcxILyW74q4ybVVjxog$Gp2VFO+ywwZe1BOA5h4STZtZC8Vb8Zz8a0u1fpkxbmM"
"""The hash of a password that nobody knows: verified where there is no account, so that both take as long."""


def acceptable(password: str) -> str:
    """The password in the form that is hashed. Refused where it is too short or too long."""
    prepared = _prepared(password)
    if prepared is None or not SHORTEST <= len(prepared) <= LONGEST:
        raise Refused(_("A password has %(shortest)s to %(longest)s characters.", shortest=SHORTEST, longest=LONGEST))
    return prepared


def hashed(password: str) -> str:
    """The hash to store, with its parameters and salt. Refused where the password is not acceptable."""
    return _hasher().hash(acceptable(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one. Always one argon2 computation, also where nothing is stored."""
    from argon2.exceptions import InvalidHashError, VerificationError

    prepared = _prepared(password)
    try:
        _hasher().verify(stored or UNKNOWN, prepared or "")
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None and prepared is not None


def outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher().check_needs_rehash(stored)


def _prepared(password: str) -> str | None:
    """NFKC, so that a password typed on another keyboard is the same. None for what cannot be a password."""
    if len(password) > LONGEST:
        return None
    prepared = unicodedata.normalize("NFKC", password)
    return None if any("\ud800" <= character <= "\udfff" for character in prepared) else prepared


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(memory_cost=MEMORY_KIB, time_cost=ROUNDS, parallelism=LANES)
