"""How a request says on whose behalf it comes: with a key that stays, or with a token that is renewed when it has run out."""

from __future__ import annotations

import copy
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from pegboard.deadline import seconds_left
from pegboard.errors import ProviderError, SignInAgain, Unreachable

from .forking import renew_after_fork

if TYPE_CHECKING:
    import httpx2
    from pydantic import SecretStr

_PATIENCE = 60.0  # seconds, where nobody waits for less


class Auth(Protocol):
    """What a client asks before each request, and after an answer of 401."""

    def apply(self, request: httpx2.Request) -> str:
        """Put the credentials on the request, and return them. SignInAgain where there are none."""

    def renew(self, used: str) -> bool:
        """The vendor refused `used`. True where there is now something else to try; SignInAgain where there never will."""


class HeaderAuth:
    """A key that stays: `Authorization: Bearer <key>`, or another header and scheme."""

    def __init__(self, key: SecretStr, *, header: str = "Authorization", scheme: str = "Bearer") -> None:
        self._key, self._header, self._scheme = key, header, scheme

    def apply(self, request: httpx2.Request) -> str:
        key = self._key.get_secret_value()
        request.headers[self._header] = f"{self._scheme} {key}".strip()
        return key

    def renew(self, used: str) -> bool:
        return False


class TokenStore(Protocol):
    """Where an access token is kept, and how it is renewed. Several processes may share one."""

    def access(self) -> str | None:
        """The access token; None where nobody has signed in."""

    def refresh(self) -> None:
        """Get a new access token from the vendor and keep it. Any error but a passing ProviderError is final."""

    def drop(self) -> None:
        """Forget all tokens: they are of no use any more."""


class RenewedAuth:
    """A bearer token that is renewed when the vendor answers 401: once, however many requests were refused with it."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._lock = Lock()
        self._renewing: Future[None] | None = None
        renew_after_fork(self)

    def after_fork(self) -> None:
        self._lock, self._renewing = Lock(), None

    def apply(self, request: httpx2.Request) -> str:
        token = self._store.access()
        if token is None:
            raise SignInAgain("nobody is signed in there, or the tokens were dropped: sign in again")
        request.headers["Authorization"] = f"Bearer {token}"
        return token

    def renew(self, used: str) -> bool:
        """True once there is a token other than `used`. A refresh that the vendor refuses drops the tokens: SignInAgain.

        One that does not reach the vendor keeps them, and its error is raised.
        """
        with self._lock:
            renewing, leads = self._renewing, self._renewing is None
            if renewing is None:
                if self._other_than(used):
                    return True
                renewing = self._renewing = Future()
        if leads:
            self._lead(renewing, used)
        try:
            renewing.result(timeout=seconds_left(_PATIENCE))
        except NotYet:
            raise Unreachable("the token was not renewed in time") from None
        except ProviderError as error:
            raise copy.copy(error) from None  # one error in twenty threads would gather the traces of all
        return True

    def _other_than(self, used: str) -> bool:
        """Whether somebody has renewed it meanwhile. SignInAgain where somebody tried in vain."""
        token = self._store.access()
        if token is None:
            raise SignInAgain("the tokens were dropped: sign in again")
        return token != used

    def _lead(self, renewing: Future[None], used: str) -> None:
        """Renew, and tell those who wait."""
        failure: ProviderError | None = SignInAgain("the refresh was interrupted: sign in again")
        try:
            failure = self._refreshed(used)
        finally:
            with self._lock:
                self._renewing = None
            if failure is None:
                renewing.set_result(None)
            else:
                renewing.set_exception(failure)

    def _refreshed(self, used: str) -> ProviderError | None:
        try:
            self._store.refresh()
        except Exception as error:  # noqa: BLE001 - whatever a store raises, those who wait must be told
            if isinstance(error, ProviderError) and not error.permanent:
                return error
            if self._store.access() not in (None, used):  # another process was faster, and ours was refused for that
                return None
            self._store.drop()
            return SignInAgain(f"the token could not be renewed ({type(error).__name__}): sign in again")
        return None
