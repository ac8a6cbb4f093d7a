"""The running board: what requests, commands and plugins may ask of it. Frozen once it has booted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import Flask, current_app
from flask.sansio.blueprints import Blueprint

from .board import Plan
from .collect import events_of
from .contracts.capability import Capability
from .errors import BoardFrozen
from .hookspecs import Hooks
from .registry import Registry
from .settings import BoardSettings

if TYPE_CHECKING:
    from .contributions import Permission, UserSource

T = TypeVar("T")
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Owned:
    """A contribution with the name of the plugin that made it."""

    plugin: str
    item: Any


@dataclass(slots=True)
class Board:
    """One board. Every collection is read-only; what is added must come through a hook, at boot."""

    plan: Plan
    settings: BoardSettings
    registry: Registry
    nav_items: tuple[Owned, ...]
    slots: Mapping[str, tuple[Owned, ...]]
    permissions: Mapping[str, Permission]
    health_checks: tuple[Owned, ...]
    vetoes: Mapping[str, tuple[Owned, ...]]
    handlers: Mapping[str, tuple[Owned, ...]]
    jobs: tuple[Owned, ...]
    webhook_sources: Mapping[str, Owned]
    user_source: UserSource | None
    signing_keys: tuple[str, ...] = field(repr=False)
    broken: dict[str, str] = field(default_factory=dict)
    frozen: bool = False

    def __setattr__(self, name: str, value: object) -> None:
        if getattr(self, "frozen", False):
            raise BoardFrozen(f"the board has booted: {name!r} cannot be changed; contribute through a hook instead")
        object.__setattr__(self, name, value)

    @property
    def off(self) -> dict[str, str]:
        """The plugins that were left out, before the boot or in it, and why."""
        reasons = {entry.name: "; ".join(problem.message for problem in entry.problems) for entry in self.plan.failed}
        return reasons | self.broken

    def provider(self, capability: Capability[T], name: str | None = None) -> T:
        """The provider of that name, or the one the deployment chose."""
        return self.registry.get(capability, name)

    def plugin(self, kind: type[P]) -> P:
        """The instance of an enabled plugin, by its class. LookupError if it is not enabled."""
        for entry in self.plan.active:
            if isinstance(entry.instance, kind):
                return entry.instance
        raise LookupError(f"the plugin {getattr(kind, 'name', kind)!r} is not enabled")

    def external_url(self, path: str) -> str:
        """An absolute link to a path of this board, from `PUBLIC_URL` alone."""
        return f"{self.settings.public_url.rstrip('/')}{path}"


class BoardApp(Flask):
    """A Flask application that cannot be set up further after it has booted: what came late was checked against nobody's."""

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        _refuse_late(self, f"the blueprint {blueprint.name!r}")
        super().register_blueprint(blueprint, **options)

    def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
        _refuse_late(self, f"the URL {rule}")
        super().add_url_rule(rule, *args, **options)

    def _check_setup_finished(self, f_name: str) -> None:
        """Flask asks this in each of its setup methods."""
        _refuse_late(self, f"{f_name}()", "call it in the hook `app_ready` of a plugin")
        super()._check_setup_finished(f_name)


def _refuse_late(app: Flask, what: str, instead: str = "give it through the hook `blueprints` of a plugin") -> None:
    board = app.extensions.get("pegboard")
    if board is not None and board.frozen:
        raise BoardFrozen(f"{what} came after the board had booted; {instead}")


def freeze(app: Flask) -> None:
    """From here on every change is BoardFrozen, or a TypeError where it is an assignment into a mapping."""
    board = board_of(app)
    if board.plan.manager is not None:
        board.plan.manager.frozen = True
    app.view_functions = cast(Any, MappingProxyType(app.view_functions))
    board.frozen = True


def current_board() -> Board:
    """The board of the current application. RuntimeError outside an application context."""
    return board_of(current_app)


def board_of(app: Flask) -> Board:
    """The board of an application that `create_app` made."""
    return cast(Board, app.extensions["pegboard"])


def owned(plan: Plan, hook: str, key: Callable[[Any], Any] | None = None) -> tuple[Owned, ...]:
    """All contributions to a hook with their plugins, ordered by weight where they have one."""
    found = [Owned(entry.name, item) for entry, item in plan.contributed(hook)]
    return tuple(sorted(found, key=lambda one: key(one.item))) if key else tuple(found)


def handlers_of(plan: Plan) -> Mapping[str, tuple[Owned, ...]]:
    """Who hears of each event that can happen here. A plugin that was left out hears of it when it is back."""
    hooks = events_of(plan.manager) if plan.manager else ()
    left_out = [(entry.name, entry.plugin) for entry in plan.failed]
    found = {
        hook: [Owned(one.name, one.handlers[hook]) for one in plan.active if hook in one.handlers] for hook in hooks
    }
    for name, plugin in left_out:
        for hook in hooks:
            if getattr(plugin, hook, None) is not vars(Hooks).get(hook):
                found[hook].append(Owned(name, None))
    return MappingProxyType({hook: tuple(owners) for hook, owners in found.items()})


def sources_of(plan: Plan) -> Mapping[str, Owned]:
    """Sources of webhooks by the word in their address; those of plugins that were left out as well, as far as it knows them."""
    left_out = [Owned(entry.name, source) for entry in plan.failed for source in entry.list("webhook_sources")]
    return MappingProxyType({one.item.name: one for one in (*left_out, *owned(plan, "webhook_sources"))})


def by_slot(found: tuple[Owned, ...]) -> Mapping[str, tuple[Owned, ...]]:
    """Slots by the place they are for."""
    names = {one.item.name for one in found}
    return MappingProxyType({name: tuple(one for one in found if one.item.name == name) for name in names})
