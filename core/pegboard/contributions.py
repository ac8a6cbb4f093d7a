"""The dataclasses that hooks return, and those that they are given. Plain data: the board decides what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from markupsafe import Markup

from .contracts.capability import Capability
from .contracts.users import User

if TYPE_CHECKING:
    from .contracts.webhooks import Label, Posted, Verifier, Webhook

T = TypeVar("T")
Text = Callable[[], str] | str
"""A visible string, or a function called per request so that it can be translated (`lazy_gettext`)."""


@dataclass(frozen=True, slots=True)
class Provider(Generic[T]):
    """One implementation of a capability. `make` is called once per board, on first use; put heavy imports there.

    `embedded` providers need no account; they serve when the deployment chose no other.
    """

    capability: Capability[T]
    name: str
    make: Callable[[], T]
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of a menu. `endpoint` is a full endpoint name (`files.index`); lower weights come first.

    `audience` hides it from people it is not for; `permission` from those who lack it.
    """

    label: Text
    endpoint: str
    menu: Literal["main", "user"] = "main"
    weight: int = 100
    audience: Literal["everyone", "signed_in", "signed_out"] = "everyone"
    permission: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """A fragment of a page: `render` is called whenever a template shows the slot `name`, inside the request."""

    name: str
    render: Callable[[], Markup | str]
    weight: int = 100


@dataclass(frozen=True, slots=True)
class Permission:
    """Something a person may be allowed to do. `name` is `<plugin>.<verb>`; `roles` have it from the start.

    The role `admin` has every permission.
    """

    name: str
    description: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A question to ask of a running board. `check` returns nothing, or raises an error whose message says what to do.

    `ready`: also part of `/readyz`, so it must be quick and bounded; others are asked by `pegboard doctor` alone.
    """

    name: str
    check: Callable[[], None]
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often, once on all machines together. `name` is its own within the plugin.

    `run` is a handler: it writes and does not commit, or yields once between its calls and what it writes; it may be run
    twice. It is due each `every`, counted from midnight UTC, and `offset` later: every day at three is
    `Job(…, every=timedelta(days=1), offset=timedelta(hours=3))`. What was missed is made up for once.
    """

    name: str
    run: Callable[[], Iterator[None] | None]
    every: timedelta
    offset: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class FileToCheck:
    """What `check_file` is given: a file that is stored and that nobody can read yet. `size` is bytes, `owner` a subject.

    Every file is checked, whether a browser sent it or code saved it. `with file.open() as pieces` gives the content
    as pieces of bytes, from the start at each call. It is called outside transactions and holds up who waits for the
    file: bound its time. One that is `Refused` is failed and deleted, and the person reads the words; one that could
    not be checked may be sent again.
    """

    filename: str
    content_type: str
    size: int
    owner: str
    public: bool
    open: Callable[[], AbstractContextManager[Iterator[bytes]]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserSource:
    """How the core learns who is asking. `load` runs at most once a request, when somebody wants to know.

    `sign_in_endpoint` is where guards send people who are not signed in. `names` tells the names of people by their
    subject, as far as it knows them.
    """

    load: Callable[[], User | None]
    sign_in_endpoint: str
    names: Callable[[Collection[str]], Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSource:
    """Somebody who posts what has happened there to `/webhooks/<name>`.

    In the request the body is verified, read and stored, and nothing else: `read` says what it is, and must be quick.
    `handle` is called by a worker, until it succeeds: a function that writes, or a generator that makes its calls first,
    yields once, and writes then. Types that are not among `types` are stored and ignored; None: all are handled.
    `limit` is the most bytes a body may have, `keep` names headers that are stored with it.
    """

    name: str
    verifier: Verifier
    read: Callable[[Posted], Label]
    handle: Callable[[Webhook], Iterator[None] | None]
    types: Container[str] | None = None
    limit: int = 256 * 1024
    keep: tuple[str, ...] = ()


class RunningPeer(Protocol):
    """A stand-in that has started: what to print about it, the settings that lead to it, whether it still runs, how to stop it."""

    @property
    def description(self) -> str: ...

    @property
    def settings(self) -> Mapping[str, object]: ...

    @property
    def running(self) -> bool: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SandboxPeer:
    """A local stand-in that speaks a vendor's real protocol.

    `start(folder, board_url)` keeps its data below `folder` and returns the running peer, or None where the platform
    has no such server (`unavailable` says so). `real` are the settings whose presence means that a real account is
    meant: the peer is then not started.
    """

    name: str
    start: Callable[[Path, str], RunningPeer | None]
    unavailable: str
    real: tuple[str, ...] = field(default=())
