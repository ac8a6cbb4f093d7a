"""Signatures with a time in one header, `t=1767225600,v1=5257a8…`: HMAC-SHA256 of the time, a dot and the body."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from pegboard.contracts.webhooks import Posted, SecretProblem
from pegboard.errors import BadSignature

from .secrets import Keys, Secrets, as_text
from .timing import TOLERANCE, check_time


class TimestampedHmac:
    """One header holds the time and any number of signatures; while a secret is being changed, senders sign with both."""

    def __init__(
        self,
        secrets: Secrets,
        *,
        header: str,
        setting: str,
        scheme: str = "v1",
        tolerance: float = TOLERANCE,
    ) -> None:
        """`secrets`, newest first, are the value of the plugin's `setting`. `scheme` is the word before a signature.

        A time that is more than `tolerance` seconds away, before or after, is refused.
        """
        if tolerance <= 0:
            raise ValueError(
                "tolerance is a number of seconds above 0: without a limit, old webhooks can be sent again"
            )
        self._keys = Keys(secrets, setting, as_text)
        self._header, self._scheme, self._tolerance = header, scheme, tolerance

    def problems(self) -> Iterable[SecretProblem]:
        return self._keys.problems

    def verify(self, posted: Posted) -> int:
        time, signatures = self._parts(posted.headers.get(self._header, ""))
        check_time(time, tolerance=self._tolerance)
        signed = time.encode() + b"." + posted.body
        for number, key in enumerate(self._keys):
            expected = hmac.digest(key, signed, "sha256").hex().encode()
            if any(hmac.compare_digest(expected, signature) for signature in signatures):
                return number
        raise BadSignature("wrong", "it was signed with none of the secrets")

    def _parts(self, header: str) -> tuple[str, list[bytes]]:
        if not header:
            raise BadSignature("missing", f"there is no header {self._header}")
        parts = [part.strip().partition("=") for part in header.split(",")]
        times = [value for name, _, value in parts if name == "t"]
        signatures = [value.encode("utf-8", "replace") for name, _, value in parts if name == self._scheme]
        if len(times) != 1 or not signatures:
            raise BadSignature("malformed", f"{self._header} is not t=…,{self._scheme}=…")
        return times[0], signatures
