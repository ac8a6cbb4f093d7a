"""What happens to messages that were sent. `message` is the id that sending it gave, `to` one address."""

from __future__ import annotations

from dataclasses import dataclass

from .event import Event


@dataclass(frozen=True, slots=True)
class MailEvent(Event):
    """Something has happened to a message, for one of those it was sent to."""

    message: str
    to: str
    provider: str

    @property
    def subject(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class MailSent(MailEvent):
    """The provider has taken the message over."""


@dataclass(frozen=True, slots=True)
class MailDelivered(MailEvent):
    """The server of the addressee has taken it over."""


@dataclass(frozen=True, slots=True)
class MailBounced(MailEvent):
    """It came back. `permanent`: the address takes no mail, and more of it harms the sender."""

    permanent: bool
    reason: str


@dataclass(frozen=True, slots=True)
class MailComplained(MailEvent):
    """The addressee has called it spam: send them no more."""


@dataclass(frozen=True, slots=True)
class MailFailed(MailEvent):
    """No provider took it, and it will not be tried again."""

    reason: str
