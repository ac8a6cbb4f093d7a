"""The URLs of local files: signed GET and PUT, and what is public. The token in the path is the permission."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import NoReturn

from flask import Blueprint, Request, Response, abort, current_app, request
from werkzeug.http import quote_etag

from pegboard.contracts.files import PUBLIC, Stat, check_arguments, shown_inline
from pegboard.errors import NotFound, ProviderError
from pegboard.i18n import gettext as _
from pegboard.web.csrf import exempt

from .objects import PROVIDER
from .provider import LocalFileStorage
from .signing import BadToken, Grant, Method

_PUBLIC_CACHE = "public, max-age=300"
# A shown type may draw itself and load nothing; any other would, if it were opened, be in a sandbox of its own.
_SHOWN_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; object-src 'self'; style-src 'unsafe-inline'"
_OTHER_POLICY = "sandbox; default-src 'none'"


def blueprint(get_storage: Callable[[], LocalFileStorage]) -> Blueprint:
    """Routes for `LocalFileStorage.url`, `public_url` and `sign_upload`, below the `base_url` it was given."""
    routes = Blueprint("local_files", __name__)

    @routes.get("/signed/<token>")
    def signed(token: str) -> Response:
        storage = get_storage()
        grant = _verify(storage, "GET", token)
        return _send(storage, grant.key, grant, f"private, max-age={storage.signer.remaining(grant)}")

    @routes.get(f"/{PUBLIC}<path:rest>")
    def public(rest: str) -> Response:
        key = PUBLIC + rest
        try:
            check_arguments(PROVIDER, "read", key=key)
        except ProviderError:
            abort(404)
        return _send(get_storage(), key, None, _PUBLIC_CACHE)

    @routes.put("/signed/<token>")
    @exempt
    def upload(token: str) -> Response:
        storage = get_storage()
        grant = _verify(storage, "PUT", token)
        stat = _receive(storage, grant)
        return Response(status=200, headers={"ETag": quote_etag(stat.etag)})

    return routes


def _verify(storage: LocalFileStorage, method: Method, token: str) -> Grant:
    try:
        return storage.signer.verify(method, token)
    except BadToken as error:
        abort(403, str(error))


def _receive(storage: LocalFileStorage, grant: Grant) -> Stat:
    size = request.content_length
    if size is None:
        abort(411, _("The upload must say its length."))
    if size != grant.size:
        abort(
            413 if size > (grant.size or 0) else 400,
            _("This link takes %(wanted)s bytes, not %(sent)s.", wanted=grant.size, sent=size),
        )
    if request.headers.get("Content-Type") != grant.content_type:
        abort(415, _("This link takes %(type)s.", type=grant.content_type))
    request.max_content_length = size  # the token allows it, whatever the limit for forms is
    try:
        return storage.put(grant.key, request.stream, size=size, content_type=grant.content_type or "")
    except ProviderError as error:
        _give_up(error)


def _send(storage: LocalFileStorage, key: str, grant: Grant | None, caching: str) -> Response:
    opened = ExitStack()
    try:
        stat = storage.stat(key)
        bounds = _asked_range(request, stat)
        start, end = bounds or (0, stat.size)
        chunks = opened.enter_context(storage.read(key, start=start, end=end))
    except NotFound:
        abort(404)
    except ProviderError as error:
        _give_up(error)
    content_type = grant.content_type if grant and grant.content_type else stat.content_type
    disposition = grant.disposition if grant else "inline" if shown_inline(content_type) else "attachment"
    response = Response(chunks, 206 if bounds else 200, content_type=content_type)
    response.call_on_close(opened.close)
    response.content_length = end - start
    if bounds:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{stat.size}"
    response.accept_ranges = "bytes"
    response.last_modified = stat.modified
    response.set_etag(stat.etag)
    response.headers["Cache-Control"] = caching
    response.headers["Content-Disposition"] = disposition
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = _SHOWN_POLICY if disposition.startswith("inline") else _OTHER_POLICY
    if not bounds:
        response.make_conditional(request)
    return response


def _give_up(error: ProviderError) -> NoReturn:
    current_app.logger.error("%s", error)
    abort(503, _("Files cannot be reached at the moment. Try again later."))


def _asked_range(asked: Request, stat: Stat) -> tuple[int, int] | None:
    """The range asked for, as start and end; None for the whole, also where several are asked for (RFC 9110, 14.2)."""
    if asked.range is None or asked.range.units != "bytes" or len(asked.range.ranges) != 1:
        return None
    condition = asked.if_range
    if condition.etag is not None and condition.etag != stat.etag:
        return None
    if condition.date is not None and condition.date != stat.modified.replace(microsecond=0):
        return None
    bounds = asked.range.range_for_length(stat.size)
    if bounds is None:
        abort(Response(status=416, headers={"Content-Range": f"bytes */{stat.size}"}))
    return bounds[0], bounds[1]
