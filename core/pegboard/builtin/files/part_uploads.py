"""What `upload.js` asks about a file that it sends in parts: how far it has come, and where to send a part. JSON out."""

from __future__ import annotations

from typing import Any

from flask import jsonify

from pegboard.deadline import answer_within
from pegboard.web.limits import spend
from pegboard.web.users import signed_in

from .models import PENDING, File
from .parts import cut_of
from .service import files
from .uploads import PATIENCE, signed_request, subject

PARTS_RATE = "1200/minute"  # signatures for one person


@signed_in
def progress(file_id: str) -> Any:
    """200 `{id, state, size, parts: {size, count, sent: [number, …]}}`; `parts` is null where it is not sent in parts."""
    owner = subject()
    spend("300/minute", "files.progress", owner)
    file = files.get(file_id, owner)
    with answer_within(PATIENCE):
        parts = _progress_of(file)
    return jsonify({"id": file.id, "state": file.state, "size": file.size, "parts": parts})


@signed_in
def sign(file_id: str, number: int) -> Any:
    """200 `{method, url, headers, fields}`."""
    owner = subject()
    spend(PARTS_RATE, "files.part", owner)
    return jsonify(signed_request(files.sign_part(file_id, owner, number)))


def _progress_of(file: File) -> dict[str, Any] | None:
    cut = cut_of(file)
    if cut is None:
        return None
    sent = [part.number for part in files.sent_parts(file.id, file.owner)] if file.state == PENDING else []
    return {"size": cut.size, "count": cut.count, "sent": sent}
