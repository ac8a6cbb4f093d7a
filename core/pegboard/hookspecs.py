"""Every hook that a plugin may implement. Contribution hooks are called once, at boot; they return plain data.

A veto hook is called each time there is something to allow; raising `Refused` is the veto. An event hook is called
after something has happened, once that is committed, by a worker and until it succeeds. Write an implementation with `@hookimpl`. A hook body imports nothing heavy: that of a contribution runs at every boot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click
    from flask import Blueprint, Flask

    from .contracts.capability import Capability
    from .contributions import (
        FileToCheck,
        HealthCheck,
        Job,
        NavItem,
        Permission,
        Provider,
        SandboxPeer,
        Slot,
        UserSource,
        WebhookSource,
    )
    from .events import (
        FileDeleted,
        FileFailed,
        FileReady,
        MailBounced,
        MailComplained,
        MailDelivered,
        MailFailed,
        MailSent,
        PasswordChanged,
        PaymentFailed,
        PaymentRefunded,
        PaymentSucceeded,
        RoleGranted,
        RoleRevoked,
        SubscriptionChanged,
        SubscriptionEnded,
        SubscriptionStarted,
        UserRegistered,
        UserRenamed,
        UserSignedIn,
    )

PROJECT = "pegboard"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


Steps = Iterator[None] | None
"""What a handler of events is: a function that writes, in a transaction; or a generator that makes its calls to providers
first, yields once, and writes in the transaction that has begun then."""


class Hooks:
    """The catalogue: one method per hook."""

    @hookspec
    def blueprints(self) -> Iterable[Blueprint]:
        """Flask blueprints, new ones at each call, named like the plugin or `<plugin>_…`, below the plugin's URL prefix."""

    @hookspec
    def commands(self) -> Iterable[click.Command]:
        """Click commands, shown below `pegboard <plugin>`."""

    @hookspec
    def capabilities(self) -> Iterable[Capability[Any]]:
        """Capabilities that this plugin brings and other plugins may provide."""

    @hookspec
    def providers(self) -> Iterable[Provider[Any]]:
        """Providers of capabilities. Each `make` is called once per board, on first use."""

    @hookspec
    def permissions(self) -> Iterable[Permission]:
        """Permissions that this plugin's guards ask for. A guard that names another is a boot error."""

    @hookspec
    def user_source(self) -> UserSource:
        """How the board learns who is asking. One enabled plugin at most implements this."""

    @hookspec
    def nav_items(self) -> Iterable[NavItem]:
        """Menu entries. One that raises while serving is left out and logged."""

    @hookspec
    def slots(self) -> Iterable[Slot]:
        """Fragments for the named places that templates leave open. One that raises while serving is left out and logged."""

    @hookspec
    def template_globals(self) -> Mapping[str, Callable[..., Any]]:
        """Functions that every template may call. One that raises while serving yields nothing and is logged."""

    @hookspec
    def content_security_policy(self) -> Mapping[str, Iterable[str]]:
        """Hosts to allow, by directive. `*`, `unsafe-…` and, for scripts, `data:` are boot errors."""

    @hookspec
    def health_checks(self) -> Iterable[HealthCheck]:
        """Questions for `pegboard doctor` and, where marked ready, `/readyz`."""

    @hookspec
    def jobs(self) -> Iterable[Job]:
        """What is done every so often, by the workers, once on all machines together."""

    @hookspec
    def sandbox_peers(self) -> Iterable[SandboxPeer]:
        """Local stand-ins that speak the vendor's real protocol, for `pegboard sandbox`."""

    @hookspec
    def webhook_sources(self) -> Iterable[WebhookSource]:
        """Who posts to `/webhooks/<source>`, how that is verified, and what is done about it, later."""

    @hookspec
    def stored_folders(self) -> Iterable[Path]:
        """Folders of this machine whose files belong into a backup. A relative one is below the instance folder."""

    @hookspec
    def check_file(self, file: FileToCheck) -> None:
        """A veto before a file can be read: `Refused` with words for the person. After any other error it stays closed."""

    @hookspec
    def app_ready(self, app: Flask) -> None:
        """Last of all: the board is complete and frozen. Initialise Flask extensions here; open no connection."""

    # What has happened. One hook for each class in `pegboard.events`, named like it.

    @hookspec
    def user_registered(self, event: UserRegistered) -> Steps:
        """There is a new account."""

    @hookspec
    def user_signed_in(self, event: UserSignedIn) -> Steps:
        """Somebody has signed in."""

    @hookspec
    def user_renamed(self, event: UserRenamed) -> Steps:
        """Somebody has changed the name that others see."""

    @hookspec
    def password_changed(self, event: PasswordChanged) -> Steps:
        """Somebody has changed their password."""

    @hookspec
    def role_granted(self, event: RoleGranted) -> Steps:
        """Somebody was given a role."""

    @hookspec
    def role_revoked(self, event: RoleRevoked) -> Steps:
        """A role was taken away from somebody."""

    @hookspec
    def file_ready(self, event: FileReady) -> Steps:
        """A file is stored, checked, and can be read."""

    @hookspec
    def file_failed(self, event: FileFailed) -> Steps:
        """A file did not become ready."""

    @hookspec
    def file_deleted(self, event: FileDeleted) -> Steps:
        """A file that was ready can be read by nobody any more."""

    @hookspec
    def mail_sent(self, event: MailSent) -> Steps:
        """A provider of mail has taken a message over."""

    @hookspec
    def mail_delivered(self, event: MailDelivered) -> Steps:
        """The server of the addressee has taken a message over."""

    @hookspec
    def mail_bounced(self, event: MailBounced) -> Steps:
        """A message came back."""

    @hookspec
    def mail_complained(self, event: MailComplained) -> Steps:
        """The addressee has called a message spam."""

    @hookspec
    def mail_failed(self, event: MailFailed) -> Steps:
        """No provider of mail took a message, and it will not be tried again."""

    @hookspec
    def payment_succeeded(self, event: PaymentSucceeded) -> Steps:
        """Money has been paid."""

    @hookspec
    def payment_failed(self, event: PaymentFailed) -> Steps:
        """Money could not be had."""

    @hookspec
    def payment_refunded(self, event: PaymentRefunded) -> Steps:
        """Money was given back, all of a payment or some."""

    @hookspec
    def subscription_started(self, event: SubscriptionStarted) -> Steps:
        """Somebody has what they subscribed to from now on."""

    @hookspec
    def subscription_changed(self, event: SubscriptionChanged) -> Steps:
        """A subscription has another plan, or another end."""

    @hookspec
    def subscription_ended(self, event: SubscriptionEnded) -> Steps:
        """Somebody has what they subscribed to no longer."""


def hears(spec: object) -> str:
    """The name of the event's class that a hook hears; nothing where it is no hook for events."""
    code = getattr(spec, "__code__", None)
    if code is None or code.co_varnames[1 : code.co_argcount] != ("event",):
        return ""
    annotation = getattr(spec, "__annotations__", {}).get("event", "")
    return annotation.rpartition(".")[2] if isinstance(annotation, str) else str(getattr(annotation, "__name__", ""))


EVENTS = {name: heard for name, spec in vars(Hooks).items() if (heard := hears(spec))}
"""The class that each event hook of the core hears, by the hook's name."""
