"""Known secrets are gone in every usual spelling, what looks like one too, and prose about settings stays readable."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pegboard.cli.known_secrets import known_secrets
from pegboard.cli.plan import current_plan
from pegboard.observability.redaction import MASK, SHORTEST, Redactor
from tests.core.cli.deployment import Deployment

SECRET = 'p@ss/w"rd+<ü>\\'


@pytest.mark.parametrize(
    "spelt",
    [
        SECRET,
        SECRET.upper(),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET).lower(),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        repr(SECRET),
        html.escape(SECRET),
        b64encode(SECRET.encode()).decode(),
        urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET.encode().hex(),
        repr(SECRET.encode())[2:-1],
    ],
)
def test_a_known_secret_is_gone_however_it_is_spelt(spelt: str) -> None:
    cleaned = Redactor([SECRET]).text(f"before {spelt} after")
    assert spelt.strip("\"'") not in cleaned
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


SECRETS = st.text(st.characters(exclude_characters=MASK), min_size=SHORTEST)


@settings(deadline=None)
@example(["\udcff\ud800\U00010000\udfff"], "")
@given(st.lists(SECRETS, min_size=1, max_size=4), st.text())
def test_no_known_secret_survives_whatever_it_is(secrets: list[str], around: str) -> None:
    cleaned = Redactor(secrets).text(around.join(["", *secrets, *reversed(secrets), ""]))
    assert [secret for secret in secrets if secret in cleaned] == []


def test_of_two_secrets_the_longer_is_looked_for_first() -> None:
    assert Redactor(["abcd", "abcd-efgh"]).text("abcd-efgh") == MASK


def test_each_line_of_a_long_secret_is_a_secret() -> None:
    assert Redactor(["first line\nsecond line"]).text("it says: second line") == f"it says: {MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://app:hunter2@db/app",
        "postgresql://app:hun@ter2@db/app",
        "password=hunter2&next=/",
        "API_KEY='hunter2 with spaces'",
        '{"client_secret": "hunter2"}',
        "{'access_token': 'hunter2'}",
        "token: hunter2",
        "Authorization: Bearer hunter2",
        "'Set-Cookie': 'session=hunter2; Path=/'",
        "the header was bearer hunter2.hunter2",
        "https://s3.example/x?X-Amz-Signature=hunter2",
        "sk_live_hunter2hunter2hunter2",
        "AKIA0HUNTER2HUNTER2X",
        "eyJhbGciOiJub25l.hunter2.hunter2",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nhunter2 and the log ends",
        "key Zx9hunter2hunter2hunter2Ab1 refused",
    ],
)
def test_what_looks_like_a_credential_is_gone_though_nobody_knows_it(text: str) -> None:
    cleaned = Redactor([]).text(text)
    assert "hunter2" not in cleaned.lower()
    assert MASK in cleaned


@pytest.mark.parametrize("digits", ["0123456789abcdef" * 2, "0123456789abcdef" * 4])
def test_long_hexadecimal_numbers_are_gone(digits: str) -> None:
    assert digits not in Redactor([]).text(f"key {digits}")


@pytest.mark.parametrize(
    "text",
    [
        "pegboard.secret_key: is required in production",
        "secret_key: is too short (from SECRET_KEY in the environment)",
        "set S3_SECRET_ACCESS_KEY, or correct it there",
        "python -c 'import secrets; print(secrets.token_urlsafe(48))' makes a good one",
        "the token has expired",
        "s3 check: SignatureDoesNotMatch: secret_access_key does not belong to access_key_id, or region is not the bucket's",
        "Basic authentication is off",
        "alembic_version_accounts is at accounts_0001",
        "GET /files/public/0f3a/picture.png?show=1 200",
        "sqlite:////srv/reading-club/instance/production.db",
        "pegboard_s3_storage.plugin:S3Storage cannot be imported: ModuleNotFoundError: No module named 'botocore'",
    ],
)
def test_prose_stays_as_it_is(text: str) -> None:
    assert Redactor([]).text(text) == text


def test_the_home_folder_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/srv/people/ada"))
    assert Redactor([]).text("/srv/people/ada/shop/instance") == "~/shop/instance"


def test_structures_are_cleaned_in_keys_and_values() -> None:
    cleaned = Redactor(["hunter2"]).clean({"a hunter2": ["hunter2", {"x": ("hunter2", 3, None, True)}]})
    assert cleaned == {f"a {MASK}": [MASK, {"x": [MASK, 3, None, True]}]}


def test_secrets_are_known_from_every_source_also_where_another_hides_them(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = deployment.plugin()
    deployment.write(
        f"secret_key_fallbacks = ['toml-fallback']\ndatabase_url = 'postgresql://app:toml%2Fpassword@db/app'\n"
        f"[{name}]\ntoken = 'toml-token'\nsize = 'refused-size'\n[gone]\nwhatever = 'toml-of-nobody'\n"
        f"[env.production.{name}]\ntoken = 'overlay-token'\n"
    )
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / f"{name}_token").write_text("folder-token", encoding="utf-8")
    (secrets / "unrelated").write_text("folder-unrelated", encoding="utf-8")
    (tmp_path / ".env").write_text(
        f"{name.upper()}_TOKEN=dotenv-token\nVENDOR_API_KEY=dotenv-guessed\n", encoding="utf-8"
    )
    monkeypatch.setenv("PEGBOARD_SECRETS_DIR", str(secrets))
    monkeypatch.setenv(f"{name.upper()}_TOKEN", "environment-token")
    monkeypatch.setenv("SECRET_KEY_FALLBACKS", "list-one, list-two")
    monkeypatch.setenv("SOME_PASSWORD", "environment-guessed")
    known = known_secrets(current_plan())
    wanted = {
        "toml-fallback", "toml/password", "toml%2Fpassword", "app:toml/password", "toml-token", "refused-size",
        "toml-of-nobody", "overlay-token", "folder-token", "folder-unrelated", "dotenv-token", "dotenv-guessed",
        "environment-token", "list-one", "list-two", "environment-guessed",
    }  # fmt: skip
    assert wanted - known == set()


def test_the_key_that_was_made_up_is_known(deployment: Deployment) -> None:
    from pegboard import create_app
    from pegboard.live import board_of

    board = board_of(create_app())
    assert board.signing_keys[0] in known_secrets(current_plan())


def test_a_name_that_advice_is_made_of_is_no_secret_for_where_it_stands(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = deployment.plugin()
    deployment.write(f"[gone]\naccess_key_id = 'pegboard'\n[{name}]\nsize = '{name}'\n")
    monkeypatch.setenv("ACCESS_KEY_ID", "pegboard")
    known = known_secrets(current_plan())
    assert {"pegboard", name} & known == set()
    monkeypatch.setenv(f"{name.upper()}_TOKEN", "pegboard")
    assert "pegboard" in known_secrets(current_plan())


@pytest.mark.parametrize("word", ["N", "n1-", "a."])
def test_a_word_without_an_end_is_looked_through_once(word: str) -> None:
    """It would take minutes, were it looked through from each of its letters on."""
    text = word * 20_000
    assert Redactor([]).named(f"{text} token={text}") == f"{text} token={MASK}"
