"""The access log holds no token. How gunicorn uses it is tested with a generated deployment."""

from __future__ import annotations

import pytest
from itsdangerous import URLSafeSerializer

from pegboard.observability.access_log import without_tokens


def test_the_token_of_a_signed_link_is_left_out() -> None:
    token = URLSafeSerializer("key").dumps({"key": "a/b", "expires": 1})
    assert isinstance(token, str)
    assert without_tokens(f"/local-files/signed/{token}") == "/local-files/signed/…"


@pytest.mark.parametrize("path", ["/", "/files/0f3a8c2e5b7d4e6f8a1b2c3d4e5f6a7b/delete", "/shop/a-page-with-a-title"])
def test_other_paths_stay_as_they_are(path: str) -> None:
    assert without_tokens(path) == path
