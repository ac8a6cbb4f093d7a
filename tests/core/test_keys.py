"""Everything secret that a board knows is known to what keeps it out of logs and pages."""

from __future__ import annotations

import pytest

from pegboard.board import assemble
from pegboard.keys import known_secrets, signing_keys
from pegboard.settings import BoardSettings
from pegboard.sources import given_sources


def secrets_of(**settings: object) -> set[str]:
    given = BoardSettings.model_validate({"env": "test", "builtins": (), **settings})
    plan = assemble(given_sources({}), settings=given, plugins=[])
    return set(known_secrets(plan, signing_keys(plan)))


def test_keys_older_keys_and_secret_settings_are_known() -> None:
    found = secrets_of(secret_key="the key", secret_key_fallbacks=["an older key"], metrics_token="a token of metrics")
    assert found == {"the key", "an older key", "a token of metrics"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://board:hunter%402@db.example.com/board",
        "postgresql://db.example.com/board?user=board&password=hunter%402",
        "postgresql://board@db.example.com/board?password=hunter%402&sslmode=require",
    ],
)
def test_the_password_of_the_database_is_known_as_it_stands_and_as_it_is(url: str) -> None:
    assert {"hunter%402", "hunter@2"} <= secrets_of(database_url=url)


def test_a_url_without_a_password_adds_nothing() -> None:
    key = {"secret_key": "the key"}
    assert secrets_of(database_url="postgresql://board@db.example.com/board?sslmode=require", **key) == {"the key"}
