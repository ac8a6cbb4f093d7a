"""What happens to payments and subscriptions. Ids are the provider's, `owner` is the subject of a person, if there is one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pegboard.money import Money

from .event import Event


@dataclass(frozen=True, slots=True)
class PaymentEvent(Event):
    """Something has happened to a payment. `reference` is what the application gave when it asked for the payment."""

    payment: str
    provider: str
    owner: str | None
    reference: str | None
    amount: Money

    @property
    def subject(self) -> str:
        return self.payment


@dataclass(frozen=True, slots=True)
class PaymentSucceeded(PaymentEvent):
    """The money has been paid."""


@dataclass(frozen=True, slots=True)
class PaymentFailed(PaymentEvent):
    """The money could not be had. `reason` is for people who look after payments, not for who was to pay."""

    reason: str


@dataclass(frozen=True, slots=True)
class PaymentRefunded(PaymentEvent):
    """Money was given back: `amount` of it this time, `in_full` when nothing is left of the payment."""

    in_full: bool


@dataclass(frozen=True, slots=True)
class SubscriptionEvent(Event):
    """Something has happened to a subscription. `plan` is the application's own word for what was subscribed to."""

    subscription: str
    provider: str
    owner: str | None
    plan: str

    @property
    def subject(self) -> str:
        return self.subscription


@dataclass(frozen=True, slots=True)
class SubscriptionStarted(SubscriptionEvent):
    """Somebody has what they subscribed to from now on, paid or on trial."""

    period_ends: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionChanged(SubscriptionEvent):
    """The plan, the end of the period or whether it goes on afterwards has changed."""

    period_ends: datetime
    ends_then: bool


@dataclass(frozen=True, slots=True)
class SubscriptionEnded(SubscriptionEvent):
    """Somebody has it no longer."""
