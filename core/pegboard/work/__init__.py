"""What happens later: one table of work items, for every database and every engine.

    from pegboard import enqueue, record

    record(UserRegistered(user.id, user.email, user.name))
    enqueue(send_report, user.id)
    db.session.commit()

Both join the caller's transaction; the work is done after the commit. For application code and plugins:

- `record(event)` tells everyone who hears of it; `enqueue(function, …)` calls a function later; the hook `jobs` is for schedules.
- `hold(lane)` keeps workers out of a lane while a request works in it; `LaneBusy` where somebody does already.
- `progress(done, total)` says how far a long job has come.

For what is built on the table, as webhooks are:

- `NewItem` and `insert` write an item of any kind in the caller's transaction, `nudge_after_commit` hints at it.
- `tasks.FINDERS` finds the function that an item of a kind asks for; `Absent` where there is none.
- `replay` sets finished items to work again, and writes down who did it; `found`, `counted` and `detailed` are for looking.

The row is the truth; a driver only ever gets hints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pegboard.lazily import lazily

if TYPE_CHECKING:
    from .enqueueing import enqueue
    from .finishing import LeaseLost
    from .holding import LaneBusy, hold
    from .insertion import NewItem, insert
    from .looking import counted, detailed, found
    from .nudging import nudge_after_commit
    from .progress import progress
    from .recording import record
    from .replaying import replay
    from .tasks import Absent

__all__ = [
    "Absent",
    "LaneBusy",
    "LeaseLost",
    "NewItem",
    "counted",
    "detailed",
    "enqueue",
    "found",
    "hold",
    "insert",
    "nudge_after_commit",
    "progress",
    "record",
    "replay",
]

_HOMES = {
    "Absent": "tasks",
    "LaneBusy": "holding",
    "LeaseLost": "finishing",
    "NewItem": "insertion",
    "counted": "looking",
    "detailed": "looking",
    "enqueue": "enqueueing",
    "found": "looking",
    "hold": "holding",
    "insert": "insertion",
    "nudge_after_commit": "nudging",
    "progress": "progress",
    "record": "recording",
    "replay": "replaying",
}

__getattr__ = lazily(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
