"""`docs/events.md`: the catalogue of what can happen, from the classes of `pegboard.events`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields
from itertools import groupby

from pegboard import events
from pegboard.events import Event
from pegboard.hookspecs import EVENTS

_HEAD = """\
# Events

What has happened, as frozen dataclasses of `pegboard.events`. A plugin hears of an event by the hook of its name:

```python
@hookimpl
def user_registered(self, event: UserRegistered) -> None:
    db.session.add(Welcome(user=event.user))
```

and tells others with `record`, in the transaction in which it has happened:

```python
from pegboard import record

record(UserRegistered(user.id, user.email, user.name))
db.session.commit()
```

`record` writes one work item for each handler. If the transaction is rolled back, nothing has happened; once it is committed, each handler is called until
it succeeds, whatever becomes of the others and of the process ([what happens later](work.md)). A handler gets the events of one subject one at a time, in the
order in which they became visible. It may get one twice, if the machine fails between its effect at a provider and the commit: `event.id` is then the same.

Every event has an `id` and the time `at` which it happened. A plugin adds events of its own: frozen dataclasses that derive from `Event`, whose names begin
with the plugin's, and a class of `@hookspec` methods named after them, which `hookspecs` names.

```python
@dataclass(frozen=True, slots=True)
class ShopOrderPlaced(Event):
    \"\"\"Somebody has bought something.\"\"\"

    order: str

    @property
    def subject(self) -> str:
        return self.order


class ShopHooks:
    @hookspec
    def shop_order_placed(self, event: ShopOrderPlaced) -> Steps:
        \"\"\"Somebody has bought something.\"\"\"


class Shop(Plugin[ShopSettings]):
    name = "shop"
    hookspecs = ShopHooks
```

Whoever listens to a plugin that may be absent marks the method `@hookimpl(optionalhook=True)`. When the fields of an event change, raise its `version` and
write `upgrade`, which makes of the JSON that an older version has stored what this one would have; what a newer version has stored waits for newer code.
"""


def events_page() -> str:
    """How to hear and tell of events, then each of the core's, by what it is about."""
    parts = [_HEAD]
    for module, kinds in groupby(_kinds(), key=lambda kind: kind.__module__):
        name = module.rpartition(".")[2]
        parts.append(f"## {name.title()}\n\n{inspect.getdoc(inspect.getmodule(_loaded(name)))}\n")
        for kind in kinds:
            listed = "".join(f"    {one.name}: {one.type}\n" for one in fields(kind) if one.name not in ("id", "at"))
            hook = next(hook for hook, heard in EVENTS.items() if heard == kind.__name__)
            about = f"{inspect.getdoc(kind)} Heard by `{hook}`; version {kind.version}.\n"
            parts.append(f"### `{kind.__name__}`\n\n```python\nclass {kind.__name__}:\n{listed}```\n\n{about}")
    return "\n".join(parts)


def _kinds() -> Iterator[type[Event]]:
    yield from (getattr(events, heard) for heard in EVENTS.values())


def _loaded(module: str) -> type[Event]:
    return next(kind for kind in _kinds() if kind.__module__ == f"pegboard.events.{module}")
