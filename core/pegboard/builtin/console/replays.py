"""Setting work to work again: one item, or everything of a handler that is dead. Whoever asks is written down."""

from __future__ import annotations

import logging
from typing import Any, cast

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from pegboard.contracts.users import User
from pegboard.i18n import gettext as _
from pegboard.i18n import ngettext
from pegboard.web.negotiation import safe_next
from pegboard.web.users import current_user, permission

from .items import ITEM, is_handled
from .plugin import REPLAY, VIEW
from .tables import needs_tables

log = logging.getLogger("pegboard.console")
AT_ONCE = 500
"""How many are set to work by one request: each is a transaction of its own, and somebody waits for the answer."""


def add_rules(pages: Blueprint) -> None:
    """Add the pages of this module."""
    pages.add_url_rule(f"{ITEM}/replay", "replay", replay, methods=["POST"])
    pages.add_url_rule("/replay", "replay_all", replay_all, methods=["GET", "POST"])


@permission(VIEW)
@permission(REPLAY)
@needs_tables
def replay(item_id: int) -> Any:
    """Set one item to work again, if it is still what its page has said."""
    from pegboard.work.looking import detailed
    from pegboard.work.replaying import REPLAYED, CannotReplay
    from pegboard.work.replaying import replay as again

    seen = request.form.get("seen", "")
    detail = detailed(item_id)
    if detail is not None and not is_handled(detail.item):
        flash(_("Nobody here handles webhooks of this type: it was left alone."), "warning")
        return redirect(url_for("console.item", item_id=item_id), 303)
    try:
        again([item_id], _me(), only=(seen,) if seen in REPLAYED else REPLAYED)
    except CannotReplay as refused:
        log.info("not replayed: %s", refused)
        flash(_why_not(item_id), "warning")
    else:
        flash(_("Work %(number)s is set to work again.", number=item_id), "success")
    return redirect(safe_next(request.form.get("next"), url_for("console.item", item_id=item_id)), 303)


@permission(VIEW)
@permission(REPLAY)
@needs_tables
def replay_all() -> Any:
    """Ask, and then set to work what is dead of a handler: the oldest, as many as one request may."""
    from pegboard.work.looking import counted_up_to
    from pegboard.work.models import DEAD

    from .listing import MOST, number_in_words

    handler = request.values.get("handler", "").replace("\0", "")
    if request.method == "POST":
        _replay_dead(handler)
        return redirect(url_for("console.dead"), 303)
    number = counted_up_to(MOST, DEAD, handler)
    if not number:
        flash(_("Nothing of this handler is dead any more."), "warning")
        return redirect(url_for("console.dead"))
    return render_template(
        "console/replay_all.html", handler=handler, number=number, words=number_in_words(number), at_once=AT_ONCE
    )


def _replay_dead(handler: str) -> None:
    """One by one, so that what somebody else has just set to work keeps none of the others back."""
    from pegboard.work.models import DEAD
    from pegboard.work.replaying import CannotReplay, dead_ids
    from pegboard.work.replaying import replay as again

    done, by = 0, _me()
    for item_id in dead_ids(handler, limit=AT_ONCE):
        try:
            done += len(again([item_id], by, only=(DEAD,)))
        except CannotReplay as refused:
            log.info("not replayed: %s", refused)
    if done:
        flash(ngettext("%(num)s item is set to work again.", "%(num)s items are set to work again.", done), "success")
    else:
        flash(_("Nothing of this handler is dead any more."), "warning")


def _why_not(item_id: int) -> str:
    """In words for people, why an item was not set to work. 404 where there is none."""
    from pegboard.work.looking import detailed

    detail = detailed(item_id)
    if detail is None:
        abort(404)
    if detail.item.purged_at is not None:
        return _("What this item carried is deleted by now: there is nothing left to do it with.")
    return _("This item has moved on in the meantime, and was left alone. Look at it again.")


def _me() -> str:
    """Who asks; the guard has made sure that there is somebody."""
    return cast(User, current_user()).subject
