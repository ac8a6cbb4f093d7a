"""What happens later: one table of work items, for every database and every engine.

    from pegboard import record

    record(UserRegistered(user=user.id, email=user.email, name=user.name))
    db.session.commit()

`record` joins the caller's transaction; what hears the event is worked on after the commit. The row is the truth: a
driver only ever gets hints. `insertion.insert` writes an item of any kind, `claiming` leases what is due, `finishing` ends
a lease, `sweeping` mends what was interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recording import record

__all__ = ["record"]

_HOMES = {"record": "recording"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pegboard.work' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
