"""What Uppy asks of the server beside its bucket, below `/files/s3/`: its shapes, our uploads.

The `key` and the `uploadId` in them are both the id of our file, which is looked up with its owner.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, jsonify, make_response, request, url_for

from pegboard.deadline import answer_within
from pegboard.i18n import gettext as _
from pegboard.web.csrf import require_token
from pegboard.web.limits import spend
from pegboard.web.users import signed_in

from .models import File
from .part_uploads import PARTS_RATE
from .parts import part_size_for
from .refusals import FileRefused
from .service import files
from .uploads import PATIENCE, complete, refused, sent_object, signed_request, subject


def add_routes(routes: Blueprint) -> None:
    """Answer to Uppy as well."""
    routes.add_url_rule("/s3/params", "s3_params", params)
    routes.add_url_rule("/s3/multipart", "s3_begin", begin, methods=["POST"])
    routes.add_url_rule("/s3/multipart/<file_id>", "s3_parts", parts)
    routes.add_url_rule("/s3/multipart/<file_id>", "s3_abort", give_up, methods=["DELETE"])
    routes.add_url_rule("/s3/multipart/<file_id>/<int:number>", "s3_sign", sign)
    routes.add_url_rule("/s3/multipart/<file_id>/complete", "s3_complete", finish, methods=["POST"])


@signed_in
def params() -> Any:
    """`?filename&type&metadata[size]` → 200 `{method, url, fields, headers, key}`. It begins an upload, so it needs the token."""
    require_token()
    asked = request.args
    size = asked.get("metadata[size]", -1, type=int)
    return _begun(asked.get("filename"), asked.get("type"), size, in_parts=False)


@signed_in
def begin() -> Any:
    """`{filename, type, metadata: {size}}` → 200 `{key, uploadId}`."""
    asked = sent_object()
    metadata = asked.get("metadata")
    size = metadata.get("size") if isinstance(metadata, dict) else None
    return _begun(asked.get("filename"), asked.get("type"), _whole(size), in_parts=True)


@signed_in
def sign(file_id: str, number: int) -> Any:
    """200 `{url, headers}` to PUT one part to."""
    owner = _owner_of(file_id)
    spend(PARTS_RATE, "files.part", owner)
    signed = signed_request(files.sign_part(file_id, owner, number))
    return jsonify({"url": signed["url"], "headers": signed["headers"]})


@signed_in
def parts(file_id: str) -> Any:
    """200 `[{PartNumber, Size, ETag}, …]`."""
    owner = _owner_of(file_id)
    spend("300/minute", "files.progress", owner)
    with answer_within(PATIENCE):
        sent = files.sent_parts(file_id, owner)
    return jsonify([{"PartNumber": part.number, "Size": part.size, "ETag": f'"{part.etag}"'} for part in sent])


@signed_in
def finish(file_id: str) -> Any:
    """200 `{location, key}`. The parts that Uppy names are not looked at: the store's own list decides."""
    _owner_of(file_id)
    answer = make_response(complete(file_id))
    if answer.status_code != 200:
        return answer
    return jsonify({"location": url_for("files.download", file_id=file_id), "key": file_id})


@signed_in
def give_up(file_id: str) -> Any:
    """200 `{}`."""
    owner = _owner_of(file_id)
    with answer_within(PATIENCE):
        files.delete(file_id, owner)
    return jsonify({})


def _begun(name: Any, kind: Any, size: int, *, in_parts: bool) -> Any:
    owner = subject()
    spend("300/minute", "files.upload", owner)
    if not isinstance(name, str) or not isinstance(kind, str) or size < 0:
        abort(400, _("Send filename, type and metadata with the size in bytes."))
    if (part_size_for(size) is not None) != in_parts:
        abort(400, _("Send larger files in parts and smaller ones at once, as the settings of this site say."))
    try:
        file, signed = files.begin_upload(name, kind, size, owner)
    except FileRefused as error:
        return refused(error)
    if signed is None:
        return jsonify({"key": file.id, "uploadId": file.id})
    way = signed_request(signed)
    return jsonify({**way, "fields": dict(way["fields"]), "key": file.id})


def _owner_of(file_id: str) -> str:
    """Who is asking, if the file is theirs and the `key` in the address is it, too."""
    file: File = files.get(file_id, subject())
    if request.args.get("key", file.id) != file.id:
        abort(404)
    return file.owner


def _whole(size: Any) -> int:
    """Bytes, as a number or as a form writes it; -1 where it is neither."""
    if isinstance(size, str) and size.isascii() and size.isdigit() and len(size) < 20:
        return int(size)
    return size if type(size) is int else -1
