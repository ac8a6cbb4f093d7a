"""What happens to accounts. `user` is the subject of a person, whoever manages the accounts."""

from __future__ import annotations

from dataclasses import dataclass

from .event import Event


@dataclass(frozen=True, slots=True)
class AccountEvent(Event):
    """Something has happened to an account."""

    user: str

    @property
    def subject(self) -> str:
        return self.user


@dataclass(frozen=True, slots=True)
class UserRegistered(AccountEvent):
    """There is a new account."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class UserSignedIn(AccountEvent):
    """Somebody has signed in: a new session has begun. `session` is its id, not its token."""

    session: str


@dataclass(frozen=True, slots=True)
class UserRenamed(AccountEvent):
    """Somebody has changed the name that others see."""

    name: str


@dataclass(frozen=True, slots=True)
class PasswordChanged(AccountEvent):
    """Somebody has changed their password; every older session of theirs has ended."""


@dataclass(frozen=True, slots=True)
class RoleGranted(AccountEvent):
    """Somebody was given a role."""

    role: str


@dataclass(frozen=True, slots=True)
class RoleRevoked(AccountEvent):
    """A role was taken away from somebody."""

    role: str
