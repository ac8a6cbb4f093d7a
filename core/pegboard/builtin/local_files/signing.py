"""The tokens in signed URLs: what may be fetched or stored, and until when. Nothing of it is kept on the server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer

from pegboard.i18n import gettext as _

Method = Literal["GET", "PUT"]


class BadToken(Exception):
    """The token was altered, made for something else, or has expired; the message says which."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder of a token may do. `content_type` and `size` bind an upload, and name the type of an answer."""

    key: str
    expires: int  # seconds since 1970, the first at which it is over
    content_type: str | None = None
    disposition: str = "attachment"
    size: int | None = None


class Signer:
    """Signs with the first key and accepts all: the list is the board's `SECRET_KEY`, then its fallbacks."""

    def __init__(self, keys: Sequence[str], clock: Callable[[], float]) -> None:
        oldest_first = [*reversed(keys)]
        options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._clock = clock
        self._serializers = {
            method: URLSafeSerializer(oldest_first, salt=f"pegboard.local_files.{method}", signer_kwargs=options)
            for method in ("GET", "PUT")
        }

    def sign(self, method: Method, grant: Grant) -> str:
        return self._serializers[method].dumps(asdict(grant))

    def expiry(self, lifetime: int) -> int:
        """The moment that is `lifetime` seconds from now."""
        return int(self._clock()) + lifetime

    def remaining(self, grant: Grant) -> int:
        """Seconds for which the grant still holds."""
        return max(0, grant.expires - int(self._clock()))

    def verify(self, method: Method, token: str) -> Grant:
        """Raise `BadToken` unless we signed it, for this method, and it has not expired."""
        try:
            grant = Grant(**self._serializers[method].loads(token))
        except (BadSignature, TypeError):
            raise BadToken(_("This link was altered or is not complete. Ask for a new one.")) from None
        if not self.remaining(grant):
            raise BadToken(_("This link has expired. Ask for a new one."))
        return grant
