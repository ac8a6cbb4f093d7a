"""What could not be verified is refused when the board boots, with the plugin and the setting, never with the secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask
from pydantic import SecretStr

from pegboard import Plugin, hookimpl
from pegboard.contracts.webhooks import Verifier
from pegboard.contributions import WebhookSource
from pegboard.errors import ConfigError
from pegboard.testing.boards import MakeBoard
from pegboard.webhooks import StandardWebhooks
from tests.booting import boot

from .acme import Acme, AcmeSettings, order, post


class Standard(Acme):
    """Signs as the specification says."""

    def verifier(self) -> Verifier:
        return StandardWebhooks(self.settings.webhook_secrets, setting="webhook_secrets")


def problems(make_board: MakeBoard, *plugins: type[Plugin[Any]], **config: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        make_board(*plugins, config=config)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("plugin", [Acme, Standard])
@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ([], "holds no secret"),
        ([""], "is empty"),
        (["  \n"], "is empty"),
        (["c2VjcmV0c2VjcmV0\n"], "begins or ends with a space"),
        (["c2VjcmV0c2VjcmV0", ""], "is empty"),
    ],
)
def test_a_secret_that_verifies_nothing_is_refused(
    make_board: MakeBoard, plugin: type[Acme], secrets: list[str], words: str
) -> None:
    (problem,) = problems(make_board, plugin, acme={"webhook_secrets": secrets})
    assert problem.startswith(f"acme.webhook_secrets: {words}")
    assert "copy the secret of 'acme'" in problem
    assert "c2VjcmV0" not in problem


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("whsec_", "is empty after whsec_"),
        ("whsec_not/base64!", "is not what the sender shows"),
        ("whsec_abcde", "is not what the sender shows"),
        ("whpk_c2VjcmV0", "is not what the sender shows"),
        ("sécret", "is not what the sender shows"),
    ],
)
def test_a_secret_that_cannot_be_decoded_is_refused(make_board: MakeBoard, secret: str, words: str) -> None:
    (problem,) = problems(make_board, Standard, acme={"webhook_secrets": [secret]})
    assert problem.startswith(f"acme.webhook_secrets: {words}")
    assert secret == "whsec_" or secret not in problem


def test_a_secret_of_bytes_that_are_no_text_is_refused(make_board: MakeBoard) -> None:
    (problem,) = problems(make_board, Acme, acme={"webhook_secrets": ["abc\udcff"]})
    assert problem.startswith("acme.webhook_secrets: holds bytes that are no text")


def test_a_secret_that_was_not_set_is_refused(make_board: MakeBoard) -> None:
    class OneSecret(AcmeSettings):
        secret: SecretStr | None = None

    class Unset(Plugin[OneSecret]):
        """Has no secret yet."""

        name = "acme"
        Settings = OneSecret

        @hookimpl
        def webhook_sources(self) -> Iterable[WebhookSource]:
            verifier = StandardWebhooks([self.settings.secret], setting="secret")
            yield from (replace(one, verifier=verifier) for one in Acme(self.settings).webhook_sources())

    (problem,) = problems(make_board, Unset)
    assert problem.startswith("acme.secret: is empty")


def test_of_a_plugin_that_is_skipped_nothing_is_taken_and_senders_try_again(make_board: MakeBoard) -> None:
    app = make_board(Acme, config={"acme": {"webhook_secrets": [], "on_failure": "skip"}})
    assert post(app, order("evt_1")).status_code == 503


def test_the_library_of_the_specification_is_not_imported_at_boot(tmp_path: Path) -> None:
    _, packages = boot(tmp_path, ("inbound",), INBOUND_SECRETS="whsec_c2VjcmV0")
    assert "standardwebhooks" not in packages
    assert "pegboard_inbound" in packages


def changed(**values: Any) -> type[Acme]:
    class Changed(Acme):
        @hookimpl
        def webhook_sources(self) -> Iterable[WebhookSource]:
            yield from (replace(one, **values) for one in super().webhook_sources())

    return Changed


@pytest.mark.parametrize("name", ["", "Acme", "a/b", "a b", "1a", "a" * 65, "ä"])
def test_a_word_that_is_no_part_of_an_address_is_refused(make_board: MakeBoard, name: str) -> None:
    (problem,) = problems(make_board, changed(name=name))
    assert "is not a name for a webhook source" in problem


def test_one_string_of_types_and_a_limit_of_nothing_are_refused(make_board: MakeBoard) -> None:
    found = problems(make_board, changed(types="order.paid", limit=0))
    assert ["one string" in found[0], "0 bytes" in found[1]] == [True, True]


@pytest.mark.parametrize("wrong", [{"verifier": None}, {"name": 7}, {"limit": "1 MB"}])
def test_what_cannot_be_checked_is_said_with_its_plugin(make_board: MakeBoard, wrong: dict[str, Any]) -> None:
    (problem,) = problems(make_board, changed(**wrong))
    assert problem.startswith("acme.webhook_sources: the webhook source")
    assert "cannot be checked" in problem


def test_a_word_belongs_to_one_plugin(make_board: MakeBoard) -> None:
    class Second(Acme):
        """Says that it is Acme, too."""

        name = "second"

    (problem,) = problems(make_board, Acme, Second)
    assert problem.startswith("second.webhook_sources: the webhook source 'acme' comes from 'acme' already")


def test_one_plugin_has_a_word_once(make_board: MakeBoard) -> None:
    class Twice(Acme):
        @hookimpl
        def webhook_sources(self) -> Iterable[WebhookSource]:
            yield from [*super().webhook_sources(), *super().webhook_sources()]

    (problem,) = problems(make_board, Twice)
    assert "comes from 'acme' already" in problem


def test_a_page_of_a_plugin_cannot_take_the_address(make_board: MakeBoard) -> None:
    class Page(Plugin[Any]):
        """Answers where webhooks go."""

        name = "page"
        url_prefix = "/webhooks"

        @hookimpl
        def blueprints(self) -> Iterable[Blueprint]:
            blueprint = Blueprint("page", __name__)
            blueprint.add_url_rule("/<name>", view_func=lambda name: name, endpoint="take", methods=["POST"])
            yield blueprint

    (problem,) = problems(make_board, Acme, Page)
    assert "is taken by 'the core'" in problem
    assert isinstance(make_board(Page), Flask), "without sources it is free"


def test_what_is_no_source_is_refused(make_board: MakeBoard) -> None:
    class Wrong(Plugin[Any]):
        """Gives a word."""

        name = "wrong"

        @hookimpl
        def webhook_sources(self) -> Iterable[WebhookSource]:
            yield "acme"  # type: ignore[misc]

    (problem,) = problems(make_board, Wrong)
    assert "gave str, not WebhookSource" in problem
