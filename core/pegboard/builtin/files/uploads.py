"""What `upload.js` asks: a signed upload to send the file to, then a look at what has arrived. JSON in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import abort, get_template_attribute, jsonify, request

from pegboard.contracts.files import SignedUpload
from pegboard.deadline import answer_within
from pegboard.i18n import gettext as _
from pegboard.live import current_board
from pegboard.web.errors import error_answer
from pegboard.web.limits import spend
from pegboard.web.users import current_user, signed_in

from .models import File
from .parts import cut_of
from .refusals import FileRefused, problem_text
from .service import files

PATIENCE = 4.5  # seconds that a page waits for the store, all calls together
COPIED_PER_SECOND = 32 * 1024 * 1024  # bytes that a store must copy by itself, for a page to wait for it
_STATUS = {"too_large": 413, "quota": 413, "pending": 429, "type": 415, "refused": 403, "unchecked": 503}


@signed_in
def begin() -> Any:
    """`{name, type, size}` → 201 `{id, upload: {method, url, headers, fields}}`, or `{id, parts: {size, count}}`."""
    owner = subject()
    spend("300/minute", "files.upload", owner)
    asked = sent_object()
    name, kind, size = (asked.get(key) for key in ("name", "type", "size"))
    if not isinstance(name, str) or not isinstance(kind, str) or type(size) is not int or size < 0:
        abort(400, _("Send a JSON object with name, type and size in bytes."))
    try:
        file, signed = files.begin_upload(name, kind, size, owner)
    except FileRefused as error:
        return refused(error)
    return jsonify({"id": file.id, **_way(file, signed)}), 201


@signed_in
def complete(file_id: str) -> Any:
    """200 `{id, state, row}`: the row is the file's entry in the list, as HTML."""
    owner = subject()
    size = files.get(file_id, owner).size or 0
    spend("300/minute", "files.complete", owner)  # each copies the file at the store
    try:
        with answer_within(PATIENCE + size / COPIED_PER_SECOND):
            file = files.complete_upload(file_id, owner)
    except FileRefused as error:
        return refused(error)
    return jsonify({"id": file.id, "state": file.state, "row": _row(file)})


def subject() -> str:
    """Who is asking. 401 for nobody; views are guarded before."""
    user = current_user()
    return user.subject if user is not None else abort(401)


def sent_object() -> dict[str, Any]:
    """The JSON object in the request; an empty one where it holds something else."""
    try:
        sent = request.get_json(silent=True)
    except RecursionError:
        return {}
    return sent if isinstance(sent, dict) else {}


def refused(error: FileRefused) -> Any:
    """The answer for a file that may not be stored."""
    return error_answer(_STATUS.get(error.problem, 400), str(error))


def signed_request(signed: SignedUpload) -> dict[str, Any]:
    """A signed upload in JSON; the fields of a form keep their order."""
    return {
        "method": signed.method,
        "url": from_here(signed.url),
        "headers": dict(signed.headers),
        "fields": list(signed.fields.items()),
    }


def from_here(url: str) -> str:
    """A URL of this board as a path, so that the browser stays at the address it knows the board by."""
    here, asked = urlsplit(current_board().settings.public_url), urlsplit(url)
    if (here.scheme, here.netloc) != (asked.scheme, asked.netloc):
        return url
    return asked._replace(scheme="", netloc="").geturl()


def _way(file: File, signed: SignedUpload | None) -> dict[str, Any]:
    """How the browser sends the file."""
    cut = cut_of(file)
    if signed is not None:
        return {"upload": signed_request(signed)}
    return {"parts": {"size": cut.size, "count": cut.count} if cut else None}


def _row(file: File) -> str:
    return str(get_template_attribute("files/_parts.html", "file_row")(file, problem_text))
