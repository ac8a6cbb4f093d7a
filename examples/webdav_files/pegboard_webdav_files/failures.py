"""What goes wrong between here and the server, as the errors of the contract: which are final, and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse

from pegboard.errors import NotFound, ProviderError

PROVIDER = "webdav_files"
_REDIRECTS = range(300, 400)
_ADVICE = {
    401: "the server does not accept user and password",
    403: "the user may not do this: give it the right to read and write below url",
    405: "there is no WebDAV at url, or it may not be written to",
    409: "the folder is not there: create it, or correct url",
    423: "somebody has locked this",
    501: "the server does not know this method: WebDAV is switched off, or it is another kind of server",
    507: "the server has no space left",
}
_RETRIED = frozenset({408, 412, 423, 425, 429})


def refused(operation: str, response: HTTPResponse) -> ProviderError:
    """The error for an answer that is not what was asked for."""
    status = response.status
    if status == 404:
        return NotFound("nothing is stored under this key", provider=PROVIDER, operation=operation)
    reason = _ADVICE.get(status, response.reason)
    if status in _REDIRECTS:
        reason = "the server sends us elsewhere, and we do not follow: correct url"
    waits = response.headers.get("Retry-After", "")
    return ProviderError(
        f"{status}: {reason}",
        provider=PROVIDER,
        operation=operation,
        permanent=(300 <= status < 500 or status == 501) and status not in _RETRIED,
        retry_after=float(waits) if waits.isascii() and waits.isdigit() else None,
    )


def damaged(operation: str, reason: str) -> ProviderError:
    """The error for an answer that no other try will make right."""
    return ProviderError(reason, provider=PROVIDER, operation=operation, permanent=True)


def cut_short(operation: str, reason: str) -> ProviderError:
    return ProviderError(reason, provider=PROVIDER, operation=operation)


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Turns the errors of the network and of `http.client` into ours."""
    try:
        yield
    except TimeoutError:
        raise cut_short(operation, "the server did not answer in time") from None
    except ssl.SSLCertVerificationError as error:
        raise damaged(operation, f"the server's certificate is not valid: {error.verify_message}") from error
    except (OSError, HTTPException) as error:
        raise cut_short(operation, f"{type(error).__name__}: {error}") from error
