"""What a file is, from its first bytes: the name it was given and the type it was said to have only break ties."""

from __future__ import annotations

import codecs
import mimetypes
import re

from pegboard.contracts.files import OCTET_STREAM

HEAD = 4096  # bytes that are looked at

_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,100}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}")
_MARKUP = (
    (re.compile(rb"<svg\b", re.IGNORECASE), "image/svg+xml"),
    (re.compile(rb"<(!doctype html|html|head|body|script|iframe)\b", re.IGNORECASE), "text/html"),
    (re.compile(rb"^\s*<\?xml\b", re.IGNORECASE), "application/xml"),
)
_TEXTS = frozenset({"application/json", "application/xml", "application/javascript", "image/svg+xml"})
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def cleaned_type(content_type: str | None) -> str:
    """A media type as it was declared, without parameters; `application/octet-stream` where that is none."""
    plain = (content_type or "").partition(";")[0].strip().lower()
    return plain if _TYPE.fullmatch(plain) else OCTET_STREAM


def sniffed_type(head: bytes, filename: str, declared: str) -> str:
    """The media type of a file that begins with `head` (its first `HEAD` bytes).

    Signatures win. Text is what the name says, if that is a type of text, else `text/plain`; markup is never plain.
    """
    named = cleaned_type(mimetypes.guess_type(filename)[0])
    if _is_text(head):
        return _text_type(head, named, cleaned_type(declared))
    candidates = _signatures(head)
    if named in candidates:
        return named
    return candidates[0] if candidates else OCTET_STREAM


def _text_type(head: bytes, named: str, declared: str) -> str:
    for pattern, content_type in _MARKUP:
        if pattern.search(head):
            return content_type
    for guess in (named, declared):
        if guess.startswith("text/") or guess in _TEXTS:
            return guess
    return "text/plain"


def _is_text(head: bytes) -> bool:
    if head.startswith(b"%PDF-"):
        return False
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return False
    return not _NOT_TEXT.search(text)


def _signatures(head: bytes) -> list[str]:
    """The types whose signature the bytes carry, likeliest first."""
    import puremagic

    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return []
    types = [cleaned_type(match.mime_type) for match in found]
    return [content_type for content_type in types if content_type != OCTET_STREAM]
