"""What the store and the SDK report, as the errors of the contract: which are final, and what to do about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pegboard.errors import NotFound, ProviderError

PROVIDER = "s3"
_MISSING = {
    **dict.fromkeys(("NoSuchKey", "NotFound", "404"), "nothing is stored under this key"),
    "NoSuchUpload": "there is no such upload in parts: it was finished, aborted, or never begun",
}
_ADVICE = {
    "AccessDenied": "the credentials may not do this, or the object is not there and they may not list: see the README",
    "403": "the credentials may not do this, or the object is not there and they may not list: see the README",
    "InvalidAccessKeyId": "the store does not know access_key_id",
    "SignatureDoesNotMatch": "secret_access_key does not belong to access_key_id, or region is not the bucket's",
    "ExpiredToken": "the temporary credentials have expired",
    "NoSuchBucket": "the bucket is not there: create it, or correct bucket",
    "PermanentRedirect": "the bucket is in another region: correct region",
    "AuthorizationHeaderMalformed": "the bucket is in another region: correct region",
    "301": "the bucket is in another region: correct region",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
}
# Errors of the SDK's own that come from the configuration, not from the network.
_FINAL = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "ParamValidationError",
        "InvalidRegionError",
        "ConfigParseError",
    }
)
_RETRIED = frozenset(
    {"RequestTimeout", "SlowDown", "OperationAborted", "PreconditionFailed", "ConditionalRequestConflict"}
)


def as_provider_error(operation: str, error: Any) -> ProviderError:
    """From a `ClientError` (an answer of the store) or a `BotoCoreError` (there was none)."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        kind = type(error).__name__
        return ProviderError(f"{kind}: {error}", provider=PROVIDER, operation=operation, permanent=kind in _FINAL)
    code = str(response.get("Error", {}).get("Code", ""))
    metadata = response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    if code in _MISSING:
        return NotFound(_MISSING[code], provider=PROVIDER, operation=operation)
    reason = _ADVICE.get(code) or str(response.get("Error", {}).get("Message", ""))[:200]
    permanent = (300 <= status < 500 or status == 501) and status not in (408, 409, 429) and code not in _RETRIED
    return ProviderError(
        f"{code or status}: {reason}",
        provider=PROVIDER,
        operation=operation,
        permanent=permanent,
        retry_after=_seconds(metadata.get("HTTPHeaders", {}).get("retry-after")),
    )


def no_bucket(operation: str) -> ProviderError:
    code = "NoSuchBucket"
    return ProviderError(f"{code}: {_ADVICE[code]}", provider=PROVIDER, operation=operation, permanent=True)


def timed_out(operation: str, seconds: float) -> ProviderError:
    return ProviderError(f"no answer within {seconds:.0f} s", provider=PROVIDER, operation=operation)


def out_of_time(operation: str) -> ProviderError:
    return ProviderError(
        "not asked: calls before it took all the time there was", provider=PROVIDER, operation=operation
    )


@contextmanager
def complete_answer(operation: str) -> Iterator[None]:
    """A missing part of an answer is the network's fault: the connection was cut inside its headers."""
    try:
        yield
    except KeyError as missing:
        raise cut_short(operation, str(missing.args[0])) from None


def cut_short(operation: str, missing: str = "length") -> ProviderError:
    return ProviderError(f"the answer was cut short: it has no {missing}", provider=PROVIDER, operation=operation)


def code_of(error: Any) -> str:
    """The store's own word for an error; empty where it gave none."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdigit() else None
