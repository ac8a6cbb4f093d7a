"""The signed URLs of a plugin: what may be fetched or stored, and until when. Nothing of it is kept on the server."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Self

from itsdangerous import BadSignature, URLSafeSerializer

from pegboard.i18n import gettext as _
from pegboard.live import current_board

Method = Literal["GET", "PUT"]


class BadToken(Exception):
    """The token was altered, made for something else, or has expired; the message says which."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder of a token may do.

    `content_type` and `size` bind an upload, and name the type of an answer; `metadata` are stored with it. A `part`
    belongs to the upload `upload_id`.
    """

    key: str
    expires: int  # seconds since 1970, the first at which it is over
    content_type: str | None = None
    disposition: str = "attachment"
    size: int | None = None
    upload_id: str | None = None
    part: int | None = None
    metadata: Mapping[str, str] | None = None


class Links:
    """The URLs of what `plugin` serves. No other plugin accepts what it signs.

    `keys` sign them: the first signs, all are accepted. `base_url` gives the URL, without a slash at its end, under
    which `served_files` serves; it is asked on each use. `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        plugin: str,
        *,
        keys: Sequence[str],
        base_url: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        oldest_first = [*reversed(keys)]
        options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._base_url, self._clock = base_url, clock
        self._serializers = {
            method: URLSafeSerializer(oldest_first, salt=f"pegboard.{plugin}.{method}", signer_kwargs=options)
            for method in ("GET", "PUT")
        }

    @classmethod
    def of_board(cls, plugin: str) -> Self:
        """Signed with the keys of the current board, and below the plugin's URL prefix."""
        board = current_board()
        entry = board.plan.entry(plugin)
        prefix = entry.url_prefix if entry else ""
        return cls(plugin, keys=board.signing_keys, base_url=lambda: board.external_url(prefix))

    def signed(self, method: Method, grant: Grant) -> str:
        """The URL that `grant` holds for."""
        return f"{self._base_url()}/signed/{self._serializers[method].dumps(asdict(grant))}"

    def public(self, key: str) -> str:
        """The URL of a public key."""
        return f"{self._base_url()}/{key}"

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
