"""The catalogue of what can happen, whoever provides it: accounts, files, mail, payments.

from pegboard import record
from pegboard.events import FileReady

The name of the hook that hears an event is its class's in small letters: `FileReady` is heard by `file_ready`. The
classes are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pegboard.lazily import lazily

if TYPE_CHECKING:
    from .accounts import PasswordChanged, RoleGranted, RoleRevoked, UserRegistered, UserRenamed, UserSignedIn
    from .event import Event, NewerEvent, UnreadableEvent
    from .files import FileDeleted, FileFailed, FileReady
    from .mail import MailBounced, MailComplained, MailDelivered, MailFailed, MailSent
    from .naming import hook_of
    from .payments import (
        PaymentFailed,
        PaymentRefunded,
        PaymentSucceeded,
        SubscriptionChanged,
        SubscriptionEnded,
        SubscriptionStarted,
    )

__all__ = [
    "Event",
    "FileDeleted",
    "FileFailed",
    "FileReady",
    "MailBounced",
    "MailComplained",
    "MailDelivered",
    "MailFailed",
    "MailSent",
    "NewerEvent",
    "PasswordChanged",
    "PaymentFailed",
    "PaymentRefunded",
    "PaymentSucceeded",
    "RoleGranted",
    "RoleRevoked",
    "SubscriptionChanged",
    "SubscriptionEnded",
    "SubscriptionStarted",
    "UnreadableEvent",
    "UserRegistered",
    "UserRenamed",
    "UserSignedIn",
    "hook_of",
]

_HOMES = {
    "Event": "event",
    "FileDeleted": "files",
    "FileFailed": "files",
    "FileReady": "files",
    "MailBounced": "mail",
    "MailComplained": "mail",
    "MailDelivered": "mail",
    "MailFailed": "mail",
    "MailSent": "mail",
    "NewerEvent": "event",
    "PasswordChanged": "accounts",
    "PaymentFailed": "payments",
    "PaymentRefunded": "payments",
    "PaymentSucceeded": "payments",
    "RoleGranted": "accounts",
    "RoleRevoked": "accounts",
    "SubscriptionChanged": "payments",
    "SubscriptionEnded": "payments",
    "SubscriptionStarted": "payments",
    "UnreadableEvent": "event",
    "UserRegistered": "accounts",
    "UserRenamed": "accounts",
    "UserSignedIn": "accounts",
    "hook_of": "naming",
}

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
