"""The pages of files: the list, the plain form, downloads and deletion; `uploads.py` has what the browser's script asks."""

from __future__ import annotations

import logging
from math import ceil
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from pegboard.deadline import answer_within
from pegboard.errors import ProviderError
from pegboard.i18n import gettext as _
from pegboard.i18n import ngettext
from pegboard.live import current_board
from pegboard.web.limits import spend
from pegboard.web.negotiation import wants_json
from pegboard.web.users import can, current_user, names_of, permission, signed_in

from . import part_uploads, uploads, uppy
from .forms import upload_form
from .plugin import MODERATE, Files
from .records import ANYONE, Anyone
from .refusals import FileRefused, problem_text
from .service import files
from .uploads import PATIENCE

log = logging.getLogger("pegboard.files")
PER_PAGE = 50
STORED_PER_SECOND = 512 * 1024  # bytes of a form that a store must take, for a page to wait for it
_FORM_BYTES = 1024 * 1024  # what a form may hold beside its files


def blueprint() -> Blueprint:
    """New routes of `/files`."""
    routes = Blueprint("files", __name__)
    routes.url_value_preprocessor(_allow_large)
    routes.add_url_rule("/", "index", index)
    routes.add_url_rule("/all", "everyone", everyone)
    routes.add_url_rule("/upload", "upload", upload, methods=["POST"])
    routes.add_url_rule("/uploads", "begin", uploads.begin, methods=["POST"])
    routes.add_url_rule("/uploads/<file_id>", "progress", part_uploads.progress)
    routes.add_url_rule("/uploads/<file_id>/parts/<int:number>", "sign_part", part_uploads.sign, methods=["POST"])
    routes.add_url_rule("/uploads/<file_id>/complete", "complete", uploads.complete, methods=["POST"])
    uppy.add_routes(routes)
    routes.add_url_rule("/public/<file_id>/<name>", "public", public)
    routes.add_url_rule("/<file_id>", "download", download)
    routes.add_url_rule("/<file_id>/delete", "delete", delete, methods=["GET", "POST"])
    return routes


@signed_in
def index() -> str:
    return _page("files.index", uploads.subject())


@permission(MODERATE)
def everyone() -> str:
    return _page("files.everyone", ANYONE)


@signed_in
def upload() -> Any:
    """The form without the script. Each file is stored or refused on its own; the messages say which."""
    owner = uploads.subject()
    sent = [file for file in request.files.getlist("file") if file.filename]
    if not sent:
        flash(_("Choose a file first."), "error")
    stored = 0
    with answer_within(PATIENCE + (request.content_length or 0) / STORED_PER_SECOND):
        for file in sent:
            name = (file.filename or "")[:80]
            try:
                files.save(file.stream, file.filename or "", file.mimetype, owner)
            except FileRefused as refused:
                if wants_json():
                    return uploads.refused(refused)
                flash(f"{name}: {refused}", "error")
            except ProviderError as error:
                if wants_json():
                    raise
                log.warning("a file was not stored: %s", error)
                flash(_("%(name)s could not be stored. Upload it again in a minute.", name=name), "error")
            else:
                stored += 1
    if stored:
        flash(ngettext("%(num)s file uploaded.", "%(num)s files uploaded.", stored), "success")
    return redirect(url_for("files.index"), 303)


@signed_in
def download(file_id: str) -> Response:
    """To the provider, by a link that soon expires; `?show=1` asks to see it in the browser where that is safe."""
    return _sent_to(files.url(file_id, _reach(), inline="show" in request.args), "private, no-store")


def public(file_id: str, name: str) -> Response:
    """The stable address of a public file. Its name is for people; the id decides."""
    return _sent_to(files.public_url(file_id), "public, max-age=60")


@signed_in
def delete(file_id: str) -> Any:
    file = files.get(file_id, _reach())
    if request.method == "GET":
        return render_template("files/delete.html", file=file)
    with answer_within(PATIENCE):
        files.delete(file.id, _reach())
    if wants_json():
        return "", 204
    flash(_("%(name)s is deleted.", name=file.filename), "success")
    return redirect(url_for("files.index" if file.owner == uploads.subject() else "files.everyone"), 303)


def newest() -> Markup | str:
    """What the first page shows a signed-in person: their newest files."""
    user = current_user()
    if user is None:
        return ""
    return Markup(render_template("files/home.html", files=files.list(user.subject, limit=5)))  # noqa: S704 - escaped there


def _page(endpoint: str, owner: str | Anyone) -> str:
    settings = current_board().plugin(Files).settings
    total = files.count(owner)
    pages = max(1, ceil(total / PER_PAGE))
    page = min(max(request.args.get("page", 1, type=int), 1), pages)
    shown = files.list(owner, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    return render_template(
        "files/index.html",
        form=upload_form(),
        files=shown,
        names=names_of({file.owner for file in shown}) if owner is ANYONE else {},
        endpoint=endpoint,
        page=page,
        pages=pages,
        total=total,
        max_size=settings.max_size,
        accept=",".join(settings.allowed_types) or None,
        problem_text=problem_text,
        usage=None if owner is ANYONE else files.usage(owner),
    )


def _reach() -> str | Anyone:
    """Whose files this person may ask for."""
    return ANYONE if can(MODERATE) else uploads.subject()


def _sent_to(url: str, caching: str) -> Response:
    response = redirect(uploads.from_here(url))
    response.headers["Cache-Control"] = caching
    return response


def _allow_large(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Before anything reads the form, and so before its token is checked: who may send much, and how often."""
    user = current_user() if endpoint == "files.upload" else None
    if user is not None:
        spend("300/minute", "files.upload", user.subject)
        request.max_content_length = current_board().plugin(Files).settings.max_size + _FORM_BYTES
