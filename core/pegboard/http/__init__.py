"""The client for vendors' APIs that have no SDK: bounded, retried where that is safe, and its errors are ours.

Importing this costs nothing: the libraries below it are imported by the first call.
"""

from __future__ import annotations

from .answers import Answer, error_key
from .auth import Auth, HeaderAuth, RenewedAuth, TokenStore
from .client import HttpClient
from .limits import Limits
from .pages import Asked, CursorPages, LinkPages, NumberedPages, Pages
from .resource import Resource

__all__ = [
    "Answer",
    "Asked",
    "Auth",
    "CursorPages",
    "HeaderAuth",
    "HttpClient",
    "Limits",
    "LinkPages",
    "NumberedPages",
    "Pages",
    "RenewedAuth",
    "Resource",
    "TokenStore",
    "error_key",
]
