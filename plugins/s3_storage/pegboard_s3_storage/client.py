"""The SDK's clients: imported and built on first use, and each call bounded and its errors made ours."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from pegboard.deadline import seconds_left

from .calls import tell_of_calls
from .deadline import DeadlinePassed, within
from .failures import as_provider_error, out_of_time, timed_out
from .settings import S3Settings

T = TypeVar("T")
QUICK = 4.0  # seconds for a call that moves no content, retries included


@dataclass(frozen=True, slots=True)
class Clients:
    """`quick` for calls that move little or nothing, `bulk` for content: the same, but for their patience."""

    quick: Any
    bulk: Any
    process: int


class ClientSource:
    """Builds the clients once per process, also under threads; building is slow, and clients do not survive a fork."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._clients: Clients | None = None

    def get(self) -> Clients:
        clients = self._clients
        if clients is not None and clients.process == os.getpid():
            return clients
        with self._lock:
            clients = self._clients
            if clients is None or clients.process != os.getpid():
                clients = self._clients = _build(self._settings)
        return clients

    def call(
        self,
        operation: str,
        call: Callable[[Clients], T],
        *,
        seconds: float = QUICK,
        unwanted: Callable[[T], None] | None = None,
    ) -> T:
        """One call to the store, answered within `seconds`, or sooner where somebody waits for less; every error is a
        `ProviderError`.

        `unwanted` disposes of an answer that comes later.
        """
        seconds = seconds_left(seconds)
        if not seconds:
            raise out_of_time(operation)
        with translated(operation):
            clients = self.get()
            try:
                return within(seconds, lambda: call(clients), unwanted=unwanted)
            except DeadlinePassed:
                raise timed_out(operation, seconds) from None


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Turns what the SDK raises into ours; all else passes."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise as_provider_error(operation, error) from error


def _build(settings: S3Settings) -> Clients:
    import boto3
    import botocore.session
    from botocore.config import Config

    common = Config(
        signature_version="s3v4",  # else links for us-east-1 and for own servers are signed with the old version 2
        s3={"addressing_style": settings.addressing},
        request_checksum_calculation=settings.checksums,  # other stores refuse the checksums that the SDK adds
        response_checksum_validation=settings.checksums,
        max_pool_connections=10,
    )
    quick = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
    bulk = Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 3, "mode": "standard"})
    explicit = settings.secret_access_key is not None
    # With credentials of our own no profile or file of the SDK has a say: one that is named but missing would raise.
    ignored = dict.fromkeys(("profile", "config_file", "credentials_file"), (None, None, None, None))
    session = boto3.session.Session(botocore_session=botocore.session.Session(ignored if explicit else None))
    options = {
        "region_name": settings.signing_region,
        "endpoint_url": settings.endpoint,
        "aws_access_key_id": settings.access_key_id,
        "aws_secret_access_key": _secret(settings.secret_access_key),
        "aws_session_token": _secret(settings.session_token),
    }
    clients = Clients(
        quick=session.client("s3", config=common.merge(quick), **options),
        bulk=session.client("s3", config=common.merge(bulk), **options),
        process=os.getpid(),
    )
    tell_of_calls(clients.quick)
    tell_of_calls(clients.bulk)
    return clients


def _secret(value: Any) -> str | None:
    return None if value is None else str(value.get_secret_value())
