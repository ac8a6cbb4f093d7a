"""Signatures as the specification Standard Webhooks has them: three headers, `webhook-id`, `-timestamp` and `-signature`.

The package `standardwebhooks` verifies. It takes one secret, and stumbles over a signature that is none: so it gets only
those that can be one, and is asked once for each secret.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from pegboard.contracts.webhooks import Label, Posted, SecretProblem
from pegboard.errors import BadSignature

from .secrets import Keys, Secrets
from .timing import check_time

if TYPE_CHECKING:
    from standardwebhooks.webhooks import Webhook as Checker

_PREFIX = "whsec_"
_ID, _TIME, _SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"


class StandardWebhooks:
    """For senders that sign as Standard Webhooks say, with a secret that both sides have (`v1`)."""

    def __init__(self, secrets: Secrets, *, setting: str) -> None:
        """`secrets`, newest first, are the value of the plugin's `setting`: base64, as the sender shows it."""
        self._keys = Keys(secrets, setting, _decoded)

    def problems(self) -> Iterable[SecretProblem]:
        return self._keys.problems

    def verify(self, posted: Posted) -> int:
        from standardwebhooks.webhooks import WebhookVerificationError

        headers = _headers(posted)
        for number, checker in enumerate(self._checkers):
            try:
                checker.verify(posted.body, headers, json_parse=False)
            except WebhookVerificationError:
                continue
            except UnicodeDecodeError:
                raise BadSignature("malformed", "its body is not text in UTF-8") from None
            return number
        raise BadSignature("wrong", "it was signed with none of the secrets")

    @cached_property
    def _checkers(self) -> list[Checker]:
        from standardwebhooks.webhooks import Webhook as Checker

        return [Checker(key) for key in self._keys]


def standard_label(posted: Posted, subject: str = "") -> Label:
    """The id from the header, and the type from the body, where the specification wants it."""
    return Label(id=posted.headers[_ID], type=posted.json()["type"], subject=subject)


def _headers(posted: Posted) -> dict[str, str]:
    """The three headers, of the signatures those that can be one."""
    found = {name: posted.headers.get(name, "") for name in (_ID, _TIME, _SIGNATURE)}
    if missing := [name for name, value in found.items() if not value]:
        raise BadSignature("missing", f"there is no header {missing[0]}")
    check_time(found[_TIME])
    found[_SIGNATURE] = " ".join(one for one in found[_SIGNATURE].split(" ") if _can_be_signature(one))
    if not found[_SIGNATURE]:
        raise BadSignature("malformed", f"{_SIGNATURE} holds nothing of the form v1,…")
    return found


def _can_be_signature(text: str) -> bool:
    version, comma, signature = text.partition(",")
    if version != "v1" or not comma or "," in signature:
        return False
    try:
        return bool(b64decode(signature, validate=True))
    except ValueError:
        return False


def _decoded(secret: str) -> bytes:
    encoded = secret.removeprefix(_PREFIX)
    try:
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise ValueError(f"is not what the sender shows: {_PREFIX} and then base64") from None
    if not key:
        raise ValueError(f"is empty after {_PREFIX}: without a secret, nothing can be verified")
    return key
