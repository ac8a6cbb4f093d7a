"""The URLs of served files: signed GET and PUT, and what is public. The token in the path is the permission."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import NoReturn

from flask import Blueprint, Request, Response, abort, current_app, request
from werkzeug.http import quote_etag

from pegboard.contracts.files import PUBLIC, FileStorage, Stat, check_arguments, shown_inline
from pegboard.errors import NotFound, ProviderError
from pegboard.i18n import gettext as _
from pegboard.web.csrf import exempt

from .links import BadToken, Grant, Method
from .storage import ServedFileStorage

_PUBLIC_CACHE = "public, max-age=300"
# A shown type may draw itself and load nothing; any other would, if it were opened, be in a sandbox of its own.
_SHOWN_POLICY = "default-src 'none'; img-src 'self'; media-src 'self'; object-src 'self'; style-src 'unsafe-inline'"
_OTHER_POLICY = "sandbox; default-src 'none'"


def served_files(plugin: str, storage: Callable[[], FileStorage]) -> Blueprint:
    """The routes to which the URLs of a `ServedFileStorage` lead, below the URL prefix of `plugin`.

    `storage` gives the provider of the current board; it is asked in each request.
    """
    routes = Blueprint(plugin, __name__)

    def provider() -> ServedFileStorage:
        found = storage()
        if not isinstance(found, ServedFileStorage):
            raise TypeError(f"{plugin} serves files of a {type(found).__name__}, which is no ServedFileStorage")
        return found

    @routes.get("/signed/<token>")
    def signed(token: str) -> Response:
        found = provider()
        grant = _verify(found, "GET", token)
        return _send(found, grant.key, grant, f"private, max-age={found.links.remaining(grant)}")

    @routes.get(f"/{PUBLIC}<path:rest>")
    def public(rest: str) -> Response:
        found, key = provider(), PUBLIC + rest
        try:
            check_arguments(found.name, "read", key=key)
        except ProviderError:
            abort(404)
        return _send(found, key, None, _PUBLIC_CACHE)

    @routes.put("/signed/<token>")
    @exempt
    def upload(token: str) -> Response:
        found = provider()
        stat = _receive(found, _verify(found, "PUT", token))
        return Response(status=200, headers={"ETag": quote_etag(stat.etag)})

    return routes


def _verify(storage: ServedFileStorage, method: Method, token: str) -> Grant:
    try:
        return storage.links.verify(method, token)
    except BadToken as error:
        abort(403, str(error))


def _receive(storage: ServedFileStorage, grant: Grant) -> Stat:
    size = request.content_length
    if size is None:
        abort(411, _("The upload must say its length."))
    if size != grant.size:
        abort(
            413 if size > (grant.size or 0) else 400,
            _("This link takes %(wanted)s bytes, not %(sent)s.", wanted=grant.size, sent=size),
        )
    if grant.part is None and request.headers.get("Content-Type") != grant.content_type:
        abort(415, _("This link takes %(type)s.", type=grant.content_type))
    request.max_content_length = size  # the token allows it, whatever the limit for forms is
    try:
        return storage.receive(grant, request.stream)
    except NotFound:
        abort(404, _("This upload was finished or given up. Begin a new one."))
    except ProviderError as error:
        _give_up(error)


def _send(storage: ServedFileStorage, key: str, grant: Grant | None, caching: str) -> Response:
    opened = ExitStack()
    try:
        stat, bounds, pieces = _open(storage, key, opened)
    except NotFound:
        abort(404)
    except ProviderError as error:
        _give_up(error)
    content_type = grant.content_type if grant and grant.content_type else stat.content_type
    disposition = grant.disposition if grant else "inline" if shown_inline(content_type) else "attachment"
    start, end = bounds or (0, stat.size)
    response = Response(pieces, 206 if bounds else 200, content_type=content_type)
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


def _open(
    storage: ServedFileStorage, key: str, opened: ExitStack
) -> tuple[Stat, tuple[int, int] | None, Iterator[bytes]]:
    """What is known of the object, the range that is served (None: the whole), and its bytes, until `opened` closes."""
    if request.method == "HEAD":
        return storage.stat(key), None, iter(())
    if request.range is not None:
        before = storage.stat(key)
        bounds = _asked_range(request, before)
        if bounds:
            stat, pieces = opened.enter_context(storage.opened(key, *bounds))
            if stat.etag == before.etag:
                return stat, bounds, pieces
            opened.close()  # replaced in between: a range of what it was would be one of nothing
    stat, pieces = opened.enter_context(storage.opened(key))
    return stat, None, pieces


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
