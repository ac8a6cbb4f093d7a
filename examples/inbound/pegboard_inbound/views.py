"""The page of the plugin."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy import select

from pegboard.db import db
from pegboard.live import current_board
from pegboard.web.users import permission

from .models import Message


def blueprint() -> Blueprint:
    """New routes, below `/inbound` unless the deployment chose another place."""
    pages = Blueprint("inbound", __name__)
    pages.add_url_rule("/", "index", index)
    return pages


@permission("inbound.read")
def index() -> str:
    """The last messages, the newest first, and the address that senders post to."""
    newest = select(Message).order_by(Message.received_at.desc(), Message.id.desc())
    address = current_board().external_url("/webhooks/inbound")
    return render_template("inbound/index.html", messages=db.session.scalars(newest).all(), address=address)
